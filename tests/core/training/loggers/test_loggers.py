"""Loggers: switched on by name, each step once, and no number changed."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from detente import cli
from detente.cli import flags
from detente.errors import PluginError, UsageError
from detente.hookspecs import RunView, hookimpl
from detente.plugins import discover
from detente.recipe import Recipe, fingerprint, load
from detente.training.loggers import make_loggers
from observers import SETS, STEPS, assert_same_numbers, lines, train, watched_by

pytestmark = pytest.mark.usefixtures("module_cache")

KNOWN = {"recipe.yaml", "run.json", "metrics.jsonl", "generator.json", "checkpoints", "samples"}
DIRAC = ["dirac", *(word for text in SETS for word in ("--set", text)), "-q"]


class Mine:
    """A stranger's logger: a file in a place of its own."""

    @hookimpl
    def detente_run_started(self, run: RunView) -> None:
        self.path = run.folder / "mine.txt"

    @hookimpl
    def detente_logged(self, step: int, terms: Mapping[str, float]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{step} {terms['D/adversarial']}\n")


class Raising(Mine):
    @hookimpl
    def detente_logged(self, step: int) -> None:
        raise OSError("the line is dead")


class Unmakeable:
    def __init__(self) -> None:
        raise ValueError("no address")

    @hookimpl
    def detente_logged(self, step: int) -> None: ...


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty current folder where tensorboard and wandb cannot be imported."""
    for name in ("tensorboard", "torch.utils.tensorboard", "wandb"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_log_a_run_writes_its_known_files_and_no_others(plain: Path) -> None:
    assert {path.name for path in plain.iterdir()} == KNOWN


def test_a_recipe_without_log_reads_as_it_did_before_there_was_one() -> None:
    none, empty = load(domain="dirac"), load(domain="dirac", flags={"log": []})
    assert "log" not in none.plain() and "log:" not in none.to_yaml()
    assert empty.to_yaml() == none.to_yaml()
    assert fingerprint(empty) == fingerprint(none)


def test_a_recipe_keeps_the_loggers_that_it_names() -> None:
    found = load(domain="dirac", sets=["log=[tensorboard]"], flags={"log": ["wandb", "tensorboard"]})
    assert found.log == ["wandb", "tensorboard"]
    assert "\nlog: [wandb, tensorboard]\n" in found.to_yaml()
    assert Recipe.model_validate(found.plain()) == found


def test_a_logger_that_there_is_not_or_that_is_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"log: There is no logger 'tensorbord'. Did you mean 'tensorboard'\?"):
        load(domain="dirac", flags={"log": ["tensorbord"]})
    with pytest.raises(UsageError, match="log: contains 'wandb' twice"):
        load(domain="dirac", flags={"log": ["wandb", "wandb"]})
    with pytest.raises(UsageError, match="log: should be a list"):
        load(domain="dirac", sets=["log=wandb"])


def test_a_strangers_logger_is_switched_on_by_its_name(plain: Path, tmp_path: Path) -> None:
    host = watched_by(loggers=["test_loggers:Mine"])
    train(tmp_path / "off", host)
    assert {path.name for path in (tmp_path / "off").iterdir()} == KNOWN
    train(tmp_path / "on", host, ["mine-0"])
    terms = [line["terms"] for line in lines(plain) if "terms" in line]
    expected = [f"{step} {at['D/adversarial']}" for step, at in zip(STEPS, terms, strict=True)]
    assert (tmp_path / "on" / "mine.txt").read_text(encoding="utf-8").splitlines() == expected


def test_a_logger_that_raises_is_reported_once_and_changes_no_number(
    plain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train(tmp_path, watched_by(loggers=["test_loggers:Raising"]), ["mine-0"])
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert record.getMessage() == (
        "detente_logged of plugin 'mine-0' (detente-mine 1.0) raised OSError: the line is dead; training continues"
    )
    assert_same_numbers(plain, tmp_path)


def test_a_logger_that_cannot_be_made_is_named() -> None:
    host = watched_by(loggers=["test_loggers:Unmakeable", "test_loggers:SETS"])
    with pytest.raises(PluginError, match=r"log: logger 'mine-0' of detente-mine 1.0 cannot be created: .*no address"):
        make_loggers(["mine-0"], host)
    with pytest.raises(PluginError, match=r"log: logger 'mine-1' of detente-mine 1.0 cannot be created"):
        make_loggers(["mine-1"], host)


def test_loggers_are_switched_on_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flags, "discover", lambda block: watched_by(loggers=["test_loggers:Mine", "test_loggers:Mine"]))
    assert cli.main(["train", *DIRAC, "--log", "mine-0, mine-1", "--folder", str(tmp_path / "run")]) == 0
    assert len((tmp_path / "run" / "mine.txt").read_text(encoding="utf-8").splitlines()) == 2 * len(STEPS)


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_a_missing_package_is_one_sentence_before_anything_is_written(
    name: str, without: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in (
        ["train", *DIRAC, "--folder", "run"],
        ["train", *DIRAC, "-n"],
        ["compare", *DIRAC, "--reg", "none", "--out", "study"],
        ["tune", *DIRAC, "--reg", "r1", "--search", "r1.gamma=log:1..10", "--trials", "2", "--out", "search"],
    ):
        assert cli.main([*verb, "--log", name]) == 3
        said = f"Error: log: {name} needs the package {name}: pip install 'detente[{name}]'\n"
        assert capsys.readouterr().err.endswith(said)
    assert list(without.iterdir()) == []


def test_a_run_can_be_read_where_its_logger_cannot_be_imported(
    plain: Path, without: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = discover()
    assert load(plain / "recipe.yaml", flags={"log": ["wandb"]}, host=host).log == ["wandb"]
