import pytest
import torch
from torch import Tensor

from detente.engine.chain import chain
from detente.engine.sample import each, leaves
from detente.engine.step import Moment
from detente.errors import UsageError
from detente.regularizers.diff_augment import DiffAugment
from detente.testing.probe import Linear, Plain, moment, probe

F64 = torch.float64


class Noisy(Plain):
    augmentations = {
        "shift": lambda x, g: each(lambda leaf: leaf + torch.rand(len(leaf), 1, generator=g, dtype=leaf.dtype), x),
        "double": lambda x, g: each(lambda leaf: 2 * leaf, x),
    }


def at(domain, seed=0) -> Moment:
    m = moment(seed=seed)
    return Moment(m.t, m.rng, domain, m.lr)


X = torch.zeros(4, 3, dtype=F64)


def seen(policy: list[str] | None, seed: int = 0) -> Tensor:
    (x,) = leaves(DiffAugment(policy=policy).augment(X, at(Noisy(), seed)))
    return x


def test_augmentations_follow_each_other_in_the_order_of_the_policy():
    shift = seen(["shift"])
    assert torch.equal(seen(["shift", "double"]), 2 * shift)
    assert torch.equal(seen(["double", "shift"]), shift)
    assert torch.equal(seen(None), 2 * shift)


def test_draws_belong_to_the_moment_and_to_the_sample():
    one, again, other = seen(["shift"]), seen(["shift"]), seen(["shift"], seed=1)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert one[:, 0].unique().numel() == 4


def test_real_and_fake_meet_draws_of_their_own_and_the_gradient_passes():
    links = chain(DiffAugment(policy=["shift"]))
    critic = Linear(torch.ones(3, dtype=F64))
    step = probe(critic, X, X, augment=lambda x, stream: links.augment(x, Moment(0, stream, Noisy(), 0.1)))
    assert not torch.equal(step.real_score, step.fake_score)
    (grad,) = torch.autograd.grad(step.fake_score.sum(), step.fake)
    assert torch.equal(grad, torch.ones_like(X))


def test_an_empty_policy_is_an_error():
    with pytest.raises(UsageError, match="diff-augment needs an augmentation, and the option policy is an empty list"):
        seen([])


def test_a_domain_without_augmentations_is_an_error():
    with pytest.raises(UsageError, match="diff-augment needs an augmentation, and the domain 'plain' has none"):
        DiffAugment().augment(X, moment())
