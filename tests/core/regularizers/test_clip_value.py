import pytest
import torch
from torch import nn

from detente.errors import UsageError
from detente.regularizers.clip_value import ClipValue
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything
from detente.testing.probe import Linear, moment


def clipped(net: nn.Module, max_value: float = 1.0) -> None:
    clip = ClipValue(max_value)
    clip.attach(net)
    clip.adjust_gradients(net, moment())


def test_every_entry_is_put_into_the_bounds_by_itself():
    critic = Linear(torch.zeros(4))
    critic.w.grad = torch.tensor([3.0, -0.5, -7.0, 0.0])
    clipped(critic)
    assert critic.w.grad.tolist() == [1.0, -0.5, -1.0, 0.0]


def test_it_does_what_torch_does():
    ours, theirs = nn.Linear(5, 4), nn.Linear(5, 4)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.grad = torch.randn(p.shape)
        q.grad = p.grad.clone()
    clipped(ours, 0.3)
    torch.nn.utils.clip_grad_value_(theirs.parameters(), 0.3)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert p.grad is not None and q.grad is not None and torch.equal(p.grad, q.grad)


def test_infinite_entries_become_the_bound_and_missing_gradients_stay_missing():
    net = nn.Linear(2, 1)
    clipped(net)
    assert net.weight.grad is None
    net.weight.grad = torch.tensor([[float("inf"), float("-inf")]])
    clipped(net, 0.5)
    assert net.weight.grad.tolist() == [[0.5, -0.5]] and net.bias.grad is None


def test_a_bound_of_zero_is_refused():
    with pytest.raises(UsageError, match="max_value=0"):
        ClipValue(max_value=0)


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(lambda: ClipValue(1e-3), cases(["ring"])[0], "generator"))
