"""From a recipe to a game: what is built, what depends on the seed, and which part an error is about."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch.optim import SGD, Adam, RMSprop

from detente.engine.combinators import Annealed, Lazily, unwrap
from detente.engine.sample import Batch
from detente.errors import UsageError
from detente.plugins import Host
from detente.recipe import Recipe, load
from detente.training.build import build
from detente.training.warmup import weights_hash
from shapes_plugin import message, shapes_host

pytestmark = pytest.mark.usefixtures("module_cache")

SETS = ["data.size=64", "device=cpu"]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The core's own plugin, one with the domain `shapes`, and one that is broken."""
    with shapes_host(tmp_path_factory.mktemp("site")) as found:
        yield found


def weights(net: torch.nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in net.parameters()]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_a_recipe_becomes_a_game(host: Host) -> None:
    regs = ["r1(gamma={from: 2, to: 0, over: .5}, every=4)+l2(weight={from: 1, to: 0, over: 30}, name=shrink)"]
    sets = [
        "critic_steps=2",
        "discriminator.optimizer={name: rmsprop, lr: 0.5}",
        "generator.optimizer=sgd",
        "device=cpu",
    ]
    built = build(load(domain="shapes", regs=regs, sets=sets, host=host), host)
    r1, l2 = built.game.discriminator.regularizer.links
    assert isinstance(r1, Annealed)
    assert isinstance(r1.inner, Lazily)
    assert isinstance(l2, Annealed)
    assert (r1.inner.every, r1.ramps["gamma"].updates, unwrap(r1).gamma) == (4, 50, 2.0)
    assert (l2.name, l2.ramps["weight"].updates) == ("shrink", 30)
    assert isinstance(built.game.discriminator.optimizer, RMSprop)
    assert isinstance(built.game.generator.optimizer, SGD)
    assert built.game.discriminator.lr == 0.5
    assert built.game.auxiliary is None
    assert [type(metric).__name__ for metric in built.metrics] == ["Roundness"]
    batch = built.prepare(built.data.batch(torch.arange(8)))
    terms = built.game.step(batch, batch)
    assert {"D/adversarial", "G/adversarial", "D/r1"} == terms.keys()


def test_adam_is_fused_unless_told_otherwise(host: Host) -> None:
    for text, fused in (("null", True), ("true", True), ("false", False)):
        r = load(domain="shapes", sets=[f"generator.optimizer.fused={text}", "device=cpu"], host=host)
        optimizer = build(r, host).game.generator.optimizer
        assert isinstance(optimizer, Adam)
        assert optimizer.defaults["fused"] is fused
        assert r.generator.optimizer.options["fused"] is {"null": None, "true": True, "false": False}[text]


def test_initial_weights_depend_on_seed_and_model_alone(host: Host) -> None:
    def start(seed: int, **more: Any) -> list[torch.Tensor]:
        built = build(load(domain="shapes", flags={"seed": seed, "device": "cpu"}, host=host, **more), host)
        return weights(built.networks.generator)

    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = start(0, regs=["none"])
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert same(first, start(0, regs=["spectral-norm+r1+dropout", "g:ema"], sets=["data.size=16", "objective=hinge"]))
    assert not same(first, start(1, regs=["none"]))


def test_a_warm_up_comes_before_the_rewriting_and_has_draws_of_its_own(host: Host) -> None:
    def start(**more: Any) -> Any:
        return build(load(domain="shapes", sets=["model=warm", "device=cpu"], host=host, **more), host)

    built = start(regs=["g:spectral-norm+g:ema"])
    assert same(weights(built.networks.generator), weights(start(regs=["none"]).networks.generator))
    assert bool((built.networks.generator[0].weight >= 0).all())
    terms = built.game.step(built.prepare(built.data.batch(torch.arange(4))))
    assert "G/size" in terms


def test_labels_go_where_the_model_takes_them(host: Host) -> None:
    plain = build(load(domain="shapes", sets=["data.classes=3", "device=cpu"], host=host), host)
    assert plain.prepare(plain.data.batch(torch.arange(4))).labels is None
    built = build(load(domain="shapes", sets=["data.classes=3", "model=labelled", "device=cpu"], host=host), host)
    batch = built.prepare(built.data.batch(torch.arange(4)))
    assert batch.labels is not None
    built.game.step(batch)
    said = message(lambda: build(load(domain="shapes", sets=["model=labelled", "device=cpu"], host=host), host))
    assert said.startswith("model: labelled needs labels with these options, and circles has none. Choose other data")


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("fp64", torch.float64), ("bf16", torch.float32)]
)
def test_the_precision_is_that_of_weights_and_samples(host: Host, precision: str, dtype: torch.dtype) -> None:
    built = build(load(domain="shapes", flags={"precision": precision, "device": "cpu"}, host=host), host)
    assert {p.dtype for net in built.networks for p in net.parameters()} == {dtype}
    assert built.game.autocast == (torch.bfloat16 if precision == "bf16" else None)
    batch = built.prepare(built.data.batch(torch.arange(4)))
    assert isinstance(batch.x, torch.Tensor)
    assert batch.x.dtype == dtype
    assert all(value.isfinite() for value in built.game.step(batch).values())


def test_an_ability_that_the_critic_lacks_is_named(host: Host) -> None:
    for reg in ("embed-penalty", "r1(space=embedding)"):
        said = message(lambda reg=reg: build(load(domain="shapes", regs=[reg], sets=["device=cpu"], host=host), host))
        name = reg.partition("(")[0]
        assert said == (
            f"discriminator.regularizers: {name} needs the ability 'embed', which Sequential does not have"
            " (it has softplus). Remove it, or choose a model that has it."
        )


def test_what_the_network_cannot_take_is_said_with_its_key(host: Host) -> None:
    r = load(domain="shapes", regs=["dropout(where=conv*)"], sets=["device=cpu"], host=host)
    assert message(lambda: build(r, host)).startswith(
        "discriminator.regularizers: no hidden layer of Sequential matches"
    )
    r = load(domain="shapes", sets=["device=cuda:99"], host=host)
    assert (
        message(lambda: build(r, host))
        == "device: cuda:99 is not available on this machine. Use device=cpu or device=auto."
    )


@pytest.mark.parametrize("toy", ["dirac", "bilinear", "linear-quadratic", "ring", "grid", "pair", "critics", "tokens"])
def test_every_toy_trains_from_its_name(host: Host, toy: str) -> None:
    recipe = load(domain=toy, flags={"device": "cpu", "batch": 16}, host=host)
    assert isinstance(recipe, Recipe)
    built = build(recipe, host)
    batch = built.prepare(built.data.batch(torch.arange(16)))
    assert all(value.isfinite() for value in built.game.step(*[batch] * recipe.critic_steps).values())


def test_a_component_that_a_flag_names_takes_its_options_from_set(host: Host) -> None:
    recipe = load(domain="ring", flags={"objective": "hinge", "model": "ring"}, sets=["model.width=5"], host=host)
    assert recipe.model.options["width"] == 5 and recipe.objective.name == "hinge"
    other = load(domain="ring", flags={"objective": "hinge"}, sets=["objective=wasserstein"], host=host)
    assert other.objective.name == "hinge"


def test_a_domain_meets_the_space_of_its_data_before_anything_else(monkeypatch):
    from detente.toys.tokens import TokensDomain

    met = []
    monkeypatch.setattr(TokensDomain, "meet", lambda self, space: met.append(space))
    built = build(load(domain="tokens"))
    assert met == [built.data.space]


def test_weights_depend_on_the_seed_and_not_on_the_regularizers_beside_them() -> None:
    def hashes(seed: int, *regs: str) -> list[str]:
        return [weights_hash(n) for n in build(load(None, "ring", [*SETS, f"seed={seed}"], regs)).networks]

    assert hashes(1) == hashes(1, "d:r1") != hashes(2)


def test_labels_go_no_further_where_the_model_takes_none_and_samples_have_the_precision() -> None:
    built = build(load(None, "ring", [*SETS, "precision=fp64"]))
    batch = built.prepare(Batch(torch.zeros(4, 2), torch.arange(4)))
    assert isinstance(batch.x, torch.Tensor)
    assert (batch.x.dtype, batch.labels) == (torch.float64, None)
    assert all(p.dtype == torch.float64 for net in built.networks for p in net.parameters())


def test_a_device_that_this_machine_lacks_is_named_with_what_to_use() -> None:
    with pytest.raises(UsageError, match=r"device: cuda:99 is not available on this machine\. Use device=cpu"):
        build(load(None, "ring", SETS), device="cuda:99")


def test_a_regularizer_that_does_not_fit_is_named_by_its_place() -> None:
    with pytest.raises(
        UsageError, match=r"discriminator\.regularizers: no hidden layer of Perceptron matches where='nothing'"
    ):
        build(load(None, "ring", SETS, ["d:dropout(where=nothing)"]))
