"""What a law is tried on: games that are equal every time, and reasons where a law does not apply."""

import pytest
import torch

from detente.engine.objectives import Wasserstein
from detente.engine.regularizer import Regularizer
from detente.engine.sample import leaves
from detente.errors import UsageError
from detente.regularizers.feature_matching import FeatureMatching
from detente.regularizers.l2 import L2
from detente.regularizers.lecam import Lecam
from detente.regularizers.r1 import R1
from detente.testing import cases
from detente.testing.laws.subject import F64, Broken, Case, Skip, Subject, plain_case, played, same

RING, DIRAC = cases(["ring", "dirac"])


def test_a_case_makes_equal_games_whatever_was_drawn_before() -> None:
    first = RING.game("discriminator", R1())
    torch.rand(3)
    second = RING.game("discriminator", R1())
    for role in ("generator", "discriminator"):
        a, b = (getattr(game, role).network.state_dict() for game in (first, second))
        assert all(torch.equal(a[key], b[key]) and a[key].dtype == F64 for key in a)
    assert [link.name for link in first.discriminator.regularizer.links] == ["r1"]
    assert not first.generator.regularizer.links


def test_batches_follow_each_other_and_begin_again_at_the_end() -> None:
    small = Case("small", RING.domain, type(RING.data)(size=8), RING.model, size=6)
    whole = leaves(small.data.batch(torch.arange(8)).x)[0].double()
    first, second = (leaves(small.batch(k).x)[0] for k in range(2))
    assert torch.equal(first, whole[:6]) and torch.equal(second, torch.cat([whole[6:], whole[:4]]))


def test_a_game_takes_the_optimizer_objective_and_precision_that_a_law_asks_for() -> None:
    game = RING.game("generator", adam=False, objective=Wasserstein())
    assert isinstance(game.generator.optimizer, torch.optim.SGD) and isinstance(game.objective, Wasserstein)
    half = Case("ring", RING.domain, RING.data, RING.model, dtype=torch.float32)
    assert half.game("generator").generator.parameters[0].dtype == torch.float32


class Refuses(Regularizer):
    """Sits nowhere."""

    def rewrite(self, net):
        raise UsageError("there is no place for it")


class RefusesToPlay(Regularizer):
    def penalty(self, s):
        raise UsageError("not with this objective")


def test_where_a_regularizer_cannot_sit_or_be_used_no_law_applies() -> None:
    with pytest.raises(Skip, match="cannot be used there: there is no place for it"):
        Subject(Refuses, RING, "discriminator").game()
    subject = Subject(RefusesToPlay, RING, "discriminator")
    for use in (subject.penalty, lambda game: played(game, RING, 0, 1)):
        with pytest.raises(Skip, match="cannot be used there: not with this objective"):
            use(subject.game())
    with pytest.raises(Skip, match="it has no penalty"):
        Subject(L2, RING, "discriminator").needs("penalty")
    with pytest.raises(Skip, match="it adds nothing to the loss"):
        Subject(L2, RING, "generator").penalty(RING.game("generator", L2()))
    featureless = Subject(FeatureMatching, DIRAC, "generator")
    with pytest.raises(Skip, match="has no 'features' ability"):
        featureless.penalty(featureless.game())


def test_the_subject_is_the_first_link_on_its_own_player() -> None:
    subject = Subject(R1, RING, "discriminator")
    game = subject.game(L2())
    assert subject.player(game) is game.discriminator and subject.link(game).name == "r1"
    other = Subject(L2, RING, "generator")
    assert other.player(other.game()).role == "generator"


def test_looking_at_a_penalty_leaves_its_statistics_as_they_were() -> None:
    subject = Subject(Lecam, RING, "discriminator")
    game = subject.game()
    played(game, RING, 0, 3)
    before = {key: value.clone() for key, value in subject.link(game).state_dict().items()}
    assert before
    first = subject.penalty(game)
    assert torch.equal(first, subject.penalty(game)) and first.requires_grad
    same(before, subject.link(game).state_dict(), "looking")


def test_states_that_differ_are_told_by_key_and_size() -> None:
    a, b = {"w": torch.zeros(2), "n": 1, "only": torch.ones(1)}, {"w": torch.tensor([0.0, -0.25]), "n": 2}
    same(a, {**a, "w": torch.zeros(2)}, "nothing")
    with pytest.raises(Broken, match=r"^afterwards: w differs by up to 0\.25$"):
        same(a, b, "afterwards")


def test_what_is_played_is_told_step_by_step() -> None:
    terms = played(RING.game("discriminator", R1()), RING, 2, 5)
    assert len(terms) == 3 and all(t.keys() == {"D/adversarial", "D/r1", "G/adversarial"} for t in terms)


def test_the_plain_case_has_neither_data_nor_networks() -> None:
    case = plain_case()
    assert len(case.data) == 0 and case.domain.name == "plain"
    with pytest.raises(UsageError, match="has no data"):
        case.data.batch(torch.arange(2))
    with pytest.raises(UsageError, match="Take a case of"):
        case.model.build(None)
