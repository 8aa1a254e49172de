import pytest

import detente
from detente import cli
from detente.domains.primary import current_name
from detente.plugins import host


@pytest.mark.filterwarnings("ignore:.* goes with the next release:DeprecationWarning")  # it goes to the log too
def test_a_score_is_found_by_the_name_that_it_had(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["tune", "ring", "--reg", "r1", "--search", "r1.gamma=log:0.01..10", "--trials", "2", "-n"]
    assert cli.main([*words, "--metric", "kl<0.1"]) == 0
    assert "The score 'kl' is called 'modes-kl' now" in caplog.text
    caplog.clear()
    assert cli.main([*words, "--metric", "modes-kl"]) == 0
    assert "is called" not in caplog.text


def test_whoever_asks_by_an_old_name_is_warned(caplog) -> None:
    with pytest.warns(DeprecationWarning, match="its old name goes with the next release"):
        assert current_name("kl", [{}, {"kl": "modes-kl"}]) == "modes-kl"
    assert "its old name goes with the next release" in caplog.text
    caplog.clear()
    assert current_name("recall", [{"kl": "modes-kl"}]) == "recall"
    assert not caplog.text


def test_what_is_renamed_has_its_new_name_and_no_longer_its_old_one() -> None:
    seen = {}
    for entry in host().entries("metric"):
        metric = host().load("metric", entry.name, entry.domain)
        assert set(metric.renamed.values()) <= set(metric.scores)
        assert not set(metric.renamed) & set(metric.scores)
        seen |= metric.renamed
    assert seen == {"kl": "modes-kl", "unique": "uniqueness", "novel": "novelty"}


def test_public_names_that_changed_work_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match=r"detente\.Show is called detente\.ProgressCallback now"):
        assert detente.Show is detente.ProgressCallback
    assert "Show" not in detente.__all__
