"""The file at the head of an experiment's folder."""

import pytest
import yaml

from detente import plugins
from detente.errors import UsageError
from detente.experiments import compare, tune
from detente.experiments.planning import existing
from detente.results.search import Tuning
from detente.results.study import Study
from duel import Duel
from searches import SMALL, wish

pytestmark = pytest.mark.usefixtures("module_cache")


@pytest.mark.parametrize("kind", [Study, Tuning, Duel])
def test_a_folder_of_another_kind_is_named(tmp_path, kind):
    with pytest.raises(UsageError, match=rf"not a {kind.kind} folder \(it has no {kind.file}\); name the folder that"):
        kind.open(tmp_path)
    assert existing(kind, tmp_path / "new") is None
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match=f"not empty, and not a {kind.kind} folder"):
        existing(kind, tmp_path)


@pytest.mark.slow
def test_one_that_could_not_be_read_again_is_refused_before_anything_is_made(tmp_path):
    study = Study(tmp_path / "large", {"format": 1, "seeds": list(range(200_000))})
    with pytest.raises(UsageError, match=r"study.yaml: would be larger than 1,000,000 bytes.*fewer arms, domains or"):
        study.write()
    assert not study.folder.exists()


@pytest.mark.slow
def test_manifests_keep_the_form_that_they_had(tmp_path, here):
    """A change here is a change of what is on people's disks."""
    compare.compare(["dirac"], ["none"], 1, out=tmp_path / "study", host=plugins.host(), sets=SMALL, executor=here)
    tune.tune(wish(trials=1, seeds=1, set=SMALL), out=tmp_path / "search", host=plugins.host(), executor=here)
    study_keys = yaml.safe_load((tmp_path / "study" / "study.yaml").read_text())
    assert " ".join(study_keys) == "format created commands versions identities seeds arms domains recipes findings"
    search_keys = yaml.safe_load((tmp_path / "search" / "tuning.yaml").read_text())
    assert " ".join(search_keys) == (
        "format created name commands versions identities domain reg search sampler sampler_seed trials wave seeds "
        "fresh metric primary storage recipes findings"
    )
