"""What cannot fit is refused with both numbers before anything of that size is there."""

from typing import Any

import pytest
import torch
from torch import nn

from detente import plugins
from detente.engine.sample import Leaf, Space
from detente.errors import UsageError
from detente.recipe.loading import resolve
from detente.training import sizes
from detente.training.build import build

GIB = 2**30


def refusal(*settings: str, reg: str = "none", domain: str = "ring") -> str:
    resolved = resolve(None, domain, settings, [reg], host=plugins.host())
    with pytest.raises(UsageError) as refused:
        build(resolved, dry=True)
    return str(refused.value)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of one GiB."""
    monkeypatch.setattr(sizes, "memory", lambda device: GIB)


@pytest.mark.parametrize("steps", [10**10 + 1, 10**12, 10**15, 10**18])
def test_more_steps_than_a_lifetime_are_refused(steps: int) -> None:
    said = refusal(f"steps={steps}")
    assert said.startswith("steps: ") and said.endswith("Ask for 10,000,000,000 or fewer.")


def test_the_discriminators_updates_count_too() -> None:
    said = refusal("steps=10000000000", "critic_steps=100")
    assert "10,000,000,000 steps with 100 updates of the discriminator each would take 3 years" in said
    assert said.endswith("Ask for 100,000,000 or fewer.")
    assert refusal("steps=1", "critic_steps=100000000000").endswith("Lower critic_steps.")


def test_the_updates_of_a_warm_up_count_too() -> None:
    resolved = resolve(None, "ring", [], [], host=plugins.host())
    model = resolved.make("model")
    model.warm_up_steps = 10**12
    with pytest.raises(UsageError, match=r"model\.warm_up_steps: 1,000,000,000,000 steps would take 3 years"):
        sizes.check_run(resolved, model, resolved.make("data").space, torch.device("cpu"))


def test_more_layers_than_a_network_can_have_are_refused() -> None:
    with pytest.raises(UsageError, match=r"model\.depth: should be less than or equal to 1000"):
        resolve(None, "ring", ["model.depth=1000000000"], [], host=plugins.host())


@pytest.mark.parametrize("batch", [10**9, 10**12, 10**18])
def test_a_batch_that_cannot_fit_is_refused_by_its_key(small: None, batch: int) -> None:
    said = refusal(f"batch={batch}")
    assert said.startswith("batch: ") and "memory are needed, and this machine has 1.0 GiB" in said


@pytest.mark.parametrize(
    ("domain", "options"),
    [("ring", ["model.width=1000000"]), ("ring", ["model.width=20000"]), ("tokens", ["model.width=1000000000"])],
)
def test_a_model_that_cannot_fit_is_refused_by_the_count_of_its_weights(
    small: None, domain: str, options: list[str]
) -> None:
    said = refusal(*options, domain=domain)
    assert said.startswith("model: the ") and "weights" in said and "has 1.0 GiB" in said


def test_weights_are_counted_with_gradients_optimizer_and_averages(small: None) -> None:
    widths = {"sgd": 15_000, "adam": 9_000}
    for optimizer, copies in (("sgd", 2), ("adam", 4)):
        said = refusal(f"model.width={2 * widths[optimizer]}", f"generator.optimizer={optimizer}")
        assert f"are {copies} × 4 bytes each" in said
    assert "are 5 × 4 bytes each" in refusal("model.width=18000", reg="g:ema")
    assert "are 4 × 8 bytes each" in refusal("model.width=18000", "precision=fp64")


def test_a_size_that_no_array_can_have_is_a_sentence() -> None:
    assert "larger than any array can be" in refusal("model.width=" + "9" * 30)


@pytest.mark.parametrize("n", [10**10, 10**12, 10**18])
def test_samples_that_cannot_be_collected_are_refused(small: None, n: int) -> None:
    assert refusal(f"samples={n}").startswith("samples: ")
    with pytest.raises(UsageError, match="samples of 3×4 and one number"):
        sizes.check_samples("--samples", n, Space((Leaf((3, 4)), Leaf(()))))


def test_what_fits_is_not_refused(small: None) -> None:
    resolved = resolve(None, "ring", ["model.width=512", "batch=8192", "steps=10000000000"], [], host=plugins.host())
    assert build(resolved, dry=True).recipe.batch == 8192


def test_looking_at_sizes_leaves_the_networks_and_random_numbers_as_they_were() -> None:
    def start() -> tuple[Any, Any]:
        built = build(resolve(None, "ring", [], [], host=plugins.host()), dry=True)
        return built.networks.generator.state_dict(), torch.default_generator.get_state()

    before = torch.default_generator.get_state()
    (a, after), (b, _) = start(), start()
    assert torch.equal(before, after) and all(torch.equal(a[key], b[key]) for key in a)


def test_what_is_kept_for_gradients_is_what_autograd_keeps() -> None:
    # Each sample keeps the inputs of three linear layers; the hidden units serve the ReLU too, and are kept once.
    resolved = resolve(None, "ring", [], [], host=plugins.host())
    model, space = resolved.make("model"), resolved.make("data").space
    inner = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 1)).to("meta")
    outer = nn.Linear(model.latent_dim, 2).to("meta")
    networks = type(model.build(space))(outer, inner)
    assert sizes._kept_for_gradients(networks, model, space) == model.latent_dim + 2 + 10


@pytest.mark.parametrize(
    ("error", "large"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("Storage size calculation overflowed with sizes=[9, 9]"), True),
        (OverflowError("math range error"), False),
        (RuntimeError("shapes do not match"), False),
        (KeyError("out of memory"), False),
    ],
)
def test_only_what_says_so_is_too_large(error: BaseException, large: bool) -> None:
    assert sizes.is_too_large(error) == large
