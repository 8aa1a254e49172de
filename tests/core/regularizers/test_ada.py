import pytest
import torch
from torch import nn

from detente.engine.combinators import Ramp, annealed
from detente.engine.sample import each
from detente.engine.step import Moment
from detente.errors import UsageError
from detente.regularizers.ada import ADA
from detente.testing.probe import Linear, Plain, moment, probe

F64 = torch.float64


class Marked(Plain):
    augmentations = {
        "mark": lambda x, generator: each(torch.ones_like, x),
        "other": lambda x, generator: each(lambda leaf: leaf + 10, x),
    }


def at(t: int = 0) -> Moment:
    m = moment(t)
    return Moment(m.t, m.rng, Marked(), m.lr)


def seeing(ada: ADA, *scores: float) -> None:
    """One update in which the reals have these scores."""
    critic = Linear(torch.ones(1, dtype=F64))
    real = torch.tensor(scores, dtype=F64)[:, None]
    assert ada.penalty(probe(critic, real, real)) is None
    ada.adjust_weights(critic, at())


def test_p_rises_while_more_reals_are_recognized_than_the_target_and_falls_otherwise():
    ada = ADA(speed=0.125, start=0.5)
    seeing(ada, 1.0, 2.0, 0.1, 3.0)
    assert (ada.r.item(), ada.p.item()) == (1.0, 0.625)
    seeing(ada, 1.0, -2.0, 0.1, -3.0)
    assert (ada.r.item(), ada.p.item()) == (0.0, 0.5)


def test_at_the_target_p_stays():
    ada = ADA(speed=0.125, start=0.5, target=0.5)
    seeing(ada, 1.0, 1.0, 1.0, -1.0)
    assert ada.p.item() == 0.5


def test_p_is_a_probability_at_both_ends():
    high, low = ADA(speed=0.75, start=0.5), ADA(speed=0.75, start=0.5)
    for _ in range(2):
        seeing(high, 1.0)
        seeing(low, -1.0)
    assert (high.p.item(), low.p.item()) == (1.0, 0.0)


def test_p_moves_in_adjust_weights_and_not_while_the_turn_goes_on():
    ada = ADA(speed=0.125)
    real = torch.ones(2, 1, dtype=F64)
    ada.penalty(probe(Linear(torch.ones(1, dtype=F64)), real, real))
    assert ada.p.item() == 0.0


def test_with_p_zero_nothing_changes_and_with_p_one_everything_does():
    x = torch.zeros(5, 2, dtype=F64), torch.zeros(5, 1, dtype=F64)
    for p, expected in ((0.0, 0.0), (1.0, 11.0)):
        for leaf in ADA(start=p).augment(x, at()):
            assert torch.equal(leaf, torch.full_like(leaf, expected))


def test_each_sample_is_augmented_as_a_whole_with_probability_p_by_each_augmentation():
    x = torch.zeros(10_000, 2, dtype=F64), torch.zeros(10_000, dtype=F64)
    a, b = ADA(start=0.25).augment(x, at())
    assert torch.equal(a, torch.stack([b, b], 1))
    for outcome, share in ((11.0, 1 / 16), (10.0, 3 / 16), (1.0, 3 / 16), (0.0, 9 / 16)):
        # four standard errors of 10 000 coins: 4·√(1/4 / 10 000)
        assert (b == outcome).double().mean().item() == pytest.approx(share, abs=0.02)


def test_the_state_survives_a_checkpoint():
    one, other = ADA(speed=0.1), ADA(speed=0.1)
    seeing(one, 1.0, 1.0)
    other.load_state_dict(one.state_dict())
    assert (one.p.item(), one.r.item()) == (other.p.item(), other.r.item())
    assert one.p.item() != 0.0


def test_it_is_inactive_only_if_p_starts_and_stays_at_zero():
    still, fixed = ADA(speed=0.0), ADA(speed=0.0, start=0.5)
    for ada in (still, fixed):
        ada.attach(nn.Identity())
    assert [ada.inactive(at()) for ada in (still, fixed)] == [True, False]


def test_annealing_the_speed_to_zero_freezes_p_and_does_not_switch_it_off():
    ada = ADA(speed=0.5)
    slowing = annealed(ada, speed=Ramp(0.5, 0.0, updates=1))
    slowing.attach(nn.Identity())
    seeing(ada, 1.0)
    slowing.adjust_weights(nn.Identity(), at(5))
    assert (ada.speed, ada.p.item()) == (0.0, 0.5)
    assert not slowing.inactive(at(5)) and not ada.inactive(at(5))


def test_a_start_that_is_no_probability_is_refused():
    with pytest.raises(UsageError, match=r"start=1\.5"):
        ADA(start=1.5)
