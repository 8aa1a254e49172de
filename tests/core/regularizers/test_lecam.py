import pytest
import torch

from detente.errors import UsageError
from detente.regularizers.lecam import Lecam
from detente.testing.probe import Linear, probe, value

F64 = torch.float64


def step_with(real: list[float], fake: list[float], w: float = 1.0):
    """Scores are the samples themselves, times w."""
    return probe(
        Linear(torch.tensor([w], dtype=F64)),
        torch.tensor(real, dtype=F64)[:, None],
        torch.tensor(fake, dtype=F64)[:, None],
    )


def test_before_the_first_batch_the_anchors_are_zero():
    assert value(Lecam(weight=1.0), step_with([1.0, 3.0], [-2.0, -4.0])).item() == (1 + 9) / 2 + (4 + 16) / 2


def test_the_first_batch_sets_the_anchors_and_the_next_one_moves_them():
    lecam = Lecam(weight=1.0, decay=0.75)
    value(lecam, step_with([1.0, 3.0], [-2.0, -4.0]))
    assert lecam.anchors.tolist() == [2.0, -3.0]
    value(lecam, step_with([4.0, 8.0], [-3.0, -3.0]))
    assert lecam.anchors.tolist() == [0.75 * 2 + 0.25 * 6, -3.0]


def test_each_side_is_held_to_the_anchor_of_the_other():
    lecam = Lecam(weight=1.0)
    value(lecam, step_with([2.0, 2.0], [-3.0, -3.0]))
    assert value(lecam, step_with([2.0, 2.0], [-3.0, -3.0])).item() == 2 * (2 + 3) ** 2


def test_one_sided_scores_beyond_the_anchor_of_the_other_side_cost_nothing():
    """The reals' anchor is 2, the fakes' −3; reals below −3 and fakes above 2 are free."""
    lecam = Lecam(weight=1.0, one_sided=True)
    value(lecam, step_with([2.0, 2.0], [-3.0, -3.0]))
    assert value(lecam, step_with([-5.0, -1.0], [6.0, 1.0])).item() == (0 + 2**2) / 2 + (0 + 1) / 2


def test_anchors_are_constants_to_the_gradient():
    """d/dw of (2w + 3)² + (2 + 3w)² at w = 1 with anchors held at (2, −3): 2·5·2 + 2·5·3."""
    lecam = Lecam(weight=1.0)
    value(lecam, step_with([2.0], [-3.0]))
    step = step_with([2.0], [-3.0])
    (grad,) = torch.autograd.grad(value(lecam, step), list(step.discriminator.parameters()))
    assert grad.item() == 2 * 5 * 2 + 2 * 5 * 3


def test_anchors_survive_a_checkpoint():
    one, other = Lecam(), Lecam()
    value(one, step_with([1.25], [-0.7]))
    other.load_state_dict(one.state_dict())
    step = step_with([0.3], [0.9])
    assert torch.equal(value(one, step), value(other, step))
    assert torch.equal(one.anchors, other.anchors)


def test_a_decay_of_one_would_never_learn_and_is_refused():
    with pytest.raises(UsageError, match=r"decay=1\.0"):
        Lecam(decay=1.0)
