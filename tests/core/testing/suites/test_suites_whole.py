"""What is trained on a kind of data can be resumed and taken away, and what cannot is told."""

import pytest

from detente.plugins import Host, discover
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin
from detente.testing import kind
from detente.testing.laws import Broken, Skip
from detente.testing.suites.whole import it_trains_resumes_exports_and_samples as law
from detente.toys.mixture import RingDomain

MINE = Origin("mine", "detente-mine", "1.0")


class Unsaving(RingDomain):
    """Says that it has written samples."""

    def save(self, x, folder):
        return [folder / "samples.npz"]


@pytest.fixture(scope="module")
def host():
    forgetful = Entry("model", "forgetful", "faulty_networks:Forgetful", "ring", "", {}, MINE)
    return Host([*discover().plugins, Plugin(MINE, "ok", (forgetful,))])


@pytest.mark.parametrize("name", ["ring", "tokens"])
def test_toys_train_resume_and_are_taken_away(name, host):
    law(kind(name, host, ["data.size=200"] if name == "ring" else []))


def test_state_that_no_checkpoint_holds_is_found_by_resuming(host):
    with pytest.raises(Broken, match=r"resumed differs in .*generator"):
        law(kind("ring", host, ["data.size=200", "model=forgetful"]))


def test_samples_that_are_not_written_are_told(host):
    whole = kind("ring", host, ["data.size=200"])
    whole.domain = Unsaving()
    with pytest.raises(Broken, match="save\\(\\) writes no samples"):
        law(whole)


def test_a_kind_that_no_recipe_names_is_no_case():
    whole = kind("ring")
    whole.sets = None
    with pytest.raises(Skip, match="by its name"):
        law(whole)
