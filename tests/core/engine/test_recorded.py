"""Statistics of penalties over micro-batches, and back."""

import torch
from torch import nn

from detente.engine.recorded import Recorded


class Running(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(4.0))
        self.register_buffer("known", torch.tensor(False))

    def see(self, value):
        self.mean.lerp_(torch.tensor(value), 0.5)
        self.known.fill_(True)


def test_micro_batches_leave_what_the_joint_batch_would():
    one, joint = Running(), Running()
    recorded = Recorded([one])
    for value in (1.0, 2.0, 6.0):
        recorded.begin()
        one.see(value)
    recorded.settle()
    joint.see(3.0)
    assert torch.allclose(one.mean, joint.mean, rtol=1e-6) and one.known


def test_a_skipped_step_leaves_what_was_there():
    one = Running()
    recorded = Recorded([one])
    for value in (1.0, 2.0):
        recorded.begin()
        one.see(value)
    recorded.undo()
    assert one.mean == 4 and not one.known
    recorded.begin()
    one.see(0.0)
    recorded.settle()
    assert one.mean == 2 and one.known
