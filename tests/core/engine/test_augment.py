"""Draws that several regularizers share: noise of any structure, and the domain's augmentations."""

import pytest
import torch

from detente.engine.augment import augmentations, augmented, normal_like
from detente.engine.sample import leaves
from detente.engine.streams import Stream
from detente.errors import UsageError
from detente.testing.probe import Plain


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Shifts(Plain):
    """Two augmentations that draw, and one that turns the sign."""

    def __init__(self) -> None:
        super().__init__()
        self.augmentations = {"up": self.by, "far": self.by, "turn": lambda x, generator: -x}

    def by(self, x, generator):
        return x + torch.rand((), generator=generator)


def test_noise_has_the_structure_and_precision_of_its_sample_and_follows_its_generator() -> None:
    x = torch.zeros(2, 3, dtype=torch.float64), torch.zeros(2, 4, 5)
    first, second, other = normal_like(x, rng()), normal_like(x, rng()), normal_like(x, rng(1))
    for a, b, c, leaf in zip(*map(leaves, (first, second, other, x)), strict=True):
        assert (a.shape, a.dtype) == (leaf.shape, leaf.dtype)
        assert torch.equal(a, b) and not torch.equal(a, c)
    big = leaves(normal_like(torch.zeros(200, 200), rng()))[0]
    assert abs(big.mean()) < 0.02 and abs(big.std() - 1) < 0.015  # four standard errors of 40,000 draws


def test_without_a_policy_all_augmentations_are_applied_in_the_domains_order() -> None:
    assert [name for name, _ in augmentations(Shifts(), None, "ada")] == ["up", "far", "turn"]
    assert [name for name, _ in augmentations(Shifts(), ["turn", "up"], "ada")] == ["turn", "up"]


def test_a_policy_is_applied_in_its_own_order() -> None:
    x, stream = torch.zeros(1, 1), Stream(0)
    by = leaves(augmented(x, Shifts(), ["up"], stream, "ada"))[0]
    assert torch.equal(leaves(augmented(x, Shifts(), ["up", "turn"], stream, "ada"))[0], -by)
    assert torch.equal(leaves(augmented(x, Shifts(), ["turn", "up"], stream, "ada"))[0], by)


def test_each_augmentation_has_draws_of_its_own() -> None:
    x, stream = torch.zeros(1, 1), Stream(0)
    up, far, both = (leaves(augmented(x, Shifts(), p, stream, "ada"))[0] for p in (["up"], ["far"], ["up", "far"]))
    assert not torch.equal(up, far)
    torch.testing.assert_close(both, up + far)  # neither shifts the other's draws


@pytest.mark.parametrize(
    ("domain", "policy", "said"),
    [
        (Plain(), None, "ada needs an augmentation, and the domain 'plain' has none. Remove ada."),
        (Shifts(), [], "ada needs an augmentation, and the option policy is an empty list."),
        (
            Shifts(),
            ["trun"],
            "ada: the domain 'plain' has no augmentation 'trun'; it has up, far, turn. Did you mean 'turn'?",
        ),
        (Shifts(), ["turn", "xyz"], "ada: the domain 'plain' has no augmentation 'xyz'; it has up, far, turn."),
    ],
)
def test_an_augmentation_that_is_not_there_is_refused_by_name(domain, policy, said) -> None:
    with pytest.raises(UsageError) as error:
        augmentations(domain, policy, "ada")
    assert str(error.value) == said
