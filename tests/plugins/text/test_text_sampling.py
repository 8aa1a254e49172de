"""Choosing words so that gradients pass."""

import math

import pytest
import torch

from detente import Leaf, Space, UsageError
from detente_text.networks.sampling import Choice, annealed, counted_positions, gumbel, sentence_shape
from seeded import seeded


def test_the_hard_path_has_the_gradient_of_the_soft_one():
    y, upstream = torch.randn(3, 7, dtype=torch.float64, requires_grad=True), torch.randn(3, 7).double()
    grads = []
    for hard in (True, False):
        choice = Choice(hard)
        choice.temperature = 0.7
        (grad,) = torch.autograd.grad(choice(y), y, upstream)
        grads.append(grad)
    assert torch.equal(*grads) and grads[0].abs().min() > 0


def test_gumbel_noise_makes_the_argmax_a_sample():
    torch.manual_seed(0)
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(40_000, 3)
    share = gumbel(logits).argmax(-1).bincount() / 40_000
    torch.testing.assert_close(share, torch.tensor([0.5, 0.3, 0.2]), rtol=0, atol=0.01)  # four standard errors


@pytest.mark.parametrize(("done", "expected"), [(0.0, 1.0), (0.5, 0.3), (1.0, 0.09), (0.25, 0.09**0.25)])
def test_the_temperature_falls_exponentially(done: float, expected: float):
    assert annealed(done, 0.09) == pytest.approx(expected)


def test_soft_words_are_a_softmax_at_the_temperature():
    choice = Choice("soft")
    y = torch.randn(4, 7, generator=seeded()).double()
    choice.temperature = 0.25
    torch.testing.assert_close(choice(y), (4 * y).exp() / (4 * y).exp().sum(-1, keepdim=True))
    choice.temperature = 1e-3
    assert torch.equal(choice(y).round(), torch.nn.functional.one_hot(y.argmax(-1), 7).double()), "the coldest choose"


def test_whole_words_are_one_hot_to_the_bit():
    choice = Choice("straight-through")
    for dtype in (torch.float32, torch.bfloat16, torch.float64):
        x = choice(torch.randn(200, 30, generator=seeded()).to(dtype))
        assert x.dtype == dtype and set(x.unique().tolist()) == {0.0, 1.0} and (x.sum(-1) == 1).all()


def test_noise_is_the_same_in_any_precision_and_always_finite(monkeypatch: pytest.MonkeyPatch):
    drawn = []
    for dtype in (torch.float32, torch.float64):
        torch.manual_seed(3)
        drawn.append(gumbel(torch.zeros(50, dtype=dtype)))
        assert drawn[-1].dtype == dtype
    assert torch.equal(drawn[0].double(), drawn[1])
    for edge in (torch.zeros, torch.ones):
        monkeypatch.setattr(torch, "rand", lambda *shape, edge=edge, **rest: edge(*shape))
        assert gumbel(torch.zeros(3)).isfinite().all()


def test_noise_is_standard_gumbel():
    torch.manual_seed(0)
    g = gumbel(torch.zeros(40_000, dtype=torch.float64))
    assert g.mean().item() == pytest.approx(0.5772, abs=0.026)  # four standard errors
    assert g.std().item() == pytest.approx(math.pi / 6**0.5, rel=0.03)


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ([2, 3, 0, 0, 0, 0], [1, 1, 1, 1, 0, 1]),
        ([2, 3, 4, 5, 6, 7], [1, 1, 1, 1, 1, 1]),
        ([2, 3, 4, 5, 6, 0], [1, 1, 1, 1, 1, 1]),
        ([0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 1]),
    ],
)
def test_likelihood_counts_words_two_paddings_and_the_last_position(row: list[int], where: list[int]):
    assert counted_positions(torch.tensor([row])).int().tolist() == [where]


@pytest.mark.parametrize("shapes", [((4,),), ((1, 4, 5),), ((4, 5), (4, 5))])
def test_what_is_no_sentence_is_refused_by_name(shapes: tuple[tuple[int, ...], ...]):
    with pytest.raises(UsageError, match=r"model 'some-model' is for sentences \(length, symbols\)") as refused:
        sentence_shape(Space(tuple(Leaf(shape, str(i)) for i, shape in enumerate(shapes))), "some-model")
    assert all(str(shape) in str(refused.value) for shape in shapes)
    assert sentence_shape(Space((Leaf((4, 5)),)), "some-model") == (4, 5)
