"""Layers: defaults, the domain's recipe, the recipe, --reg, --set, flags."""

from pathlib import Path
from typing import Any

from detente.plugins import Host
from detente.recipe import load
from shapes_plugin import message


def test_a_domain_alone_is_a_recipe(host: Host) -> None:
    r = load(domain="shapes", host=host)
    assert (r.data.name, r.data.options) == ("circles", {"size": 32, "classes": None})
    assert (r.model.name, r.model.options) == ("mlp", {"width": 6})
    assert (r.steps, r.samples, r.metrics) == (50, 123, ["roundness"])
    assert r.objective.name == "non-saturating"
    assert r.generator.regularizers == {"ema": {"half_life": 20.0, "rampup": 0.05}}
    assert r.discriminator.regularizers == {"r1": {"gamma": 10.0, "space": "input", "every": 1}}
    assert r.discriminator.optimizer.options == {
        "lr": 1e-3,
        "betas": [0.5, 0.999],
        "eps": 1e-8,
        "weight_decay": 0.0,
        "amsgrad": False,
        "fused": None,
    }


def test_a_data_set_has_defaults_of_its_own_over_those_of_the_domain(host: Host) -> None:
    ways: list[dict[str, Any]] = [{"sets": ["data=stars"]}, {"sets": ["data.name=stars"]}, {"flags": {"data": "stars"}}]
    for more in ways:
        r = load(domain="shapes", host=host, **{**more, "sets": [*more.get("sets", []), "model=mlp"]})
        assert (r.steps, r.model.name) == (70, "mlp")
        assert load(domain="shapes", host=host, **more).steps == 80, "of the model that its recipe names"
    assert load({"domain": "shapes", "data": {"name": "stars", "size": 9}, "model": "mlp"}, host=host).steps == 70
    assert load({"domain": "shapes", "data": "stars", "steps": 3}, host=host).steps == 3


def test_a_model_has_defaults_of_its_own_over_those_of_the_data_set(host: Host) -> None:
    ways: list[dict[str, Any]] = [{"sets": ["model=warm"]}, {"sets": ["model.name=warm"]}, {"flags": {"model": "warm"}}]
    for more in ways:
        r = load(domain="shapes", host=host, **more)
        assert (r.model.name, r.batch, r.generator.optimizer.options["lr"]) == ("warm", 5, 0.5)
        assert load(domain="shapes", host=host, **{**more, "sets": [*more.get("sets", []), "batch=7"]}).batch == 7
    assert load({"domain": "shapes", "model": "warm", "steps": 3}, host=host).steps == 3
    assert load(domain="shapes", host=host).batch != 5
    assert load({"domain": "shapes", "model": "nobody"}, host=host, sets=["model=warm"]).batch == 5


def test_later_layers_win(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("domain: shapes\nsteps: 60\nbatch: 61\nseed: 62\n")
    r = load(path, sets=["batch=71", "seed=72"], flags={"seed": 82, "device": None}, host=host)
    assert (r.steps, r.batch, r.seed, r.device) == (60, 71, 82, "auto")


def test_another_component_brings_its_own_defaults_and_the_same_one_keeps_what_was_said(host: Host) -> None:
    assert load({"domain": "shapes", "model": {"name": "mlp"}}, host=host).model.options == {"width": 6}
    assert load({"domain": "shapes", "model": "warm"}, host=host).model.options == {"width": 8}
    r = load(domain="shapes", sets=["discriminator.optimizer=sgd", "objective=wasserstein"], host=host)
    assert r.discriminator.optimizer.options["lr"] == 1e-2
    assert r.objective.name == "wasserstein"


def test_a_recipe_replaces_the_chains_of_the_domain(host: Host) -> None:
    r = load({"domain": "shapes", "generator": {"regularizers": None}}, host=host)
    assert r.generator.regularizers == {}
    assert list(r.discriminator.regularizers) == ["r1"]
    r = load(domain="shapes", regs=["l2", "both:clip-norm"], host=host)
    assert (list(r.generator.regularizers), list(r.discriminator.regularizers)) == (["clip-norm"], ["l2", "clip-norm"])
    r = load(domain="shapes", regs=["none"], host=host)
    assert (r.generator.regularizers, r.discriminator.regularizers) == ({}, {})


def test_a_recipe_for_another_domain_is_refused(host: Host) -> None:
    said = message(lambda: load({"domain": "ring"}, domain="shapes", host=host))
    assert said == "recipe: domain: is 'ring', but the command names 'shapes'. Remove one of the two."
