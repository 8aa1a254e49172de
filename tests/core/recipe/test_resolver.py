"""What is said about a recipe that is wrong."""

import textwrap
from pathlib import Path
from typing import Any

import pytest

from detente.errors import PluginError
from detente.plugins import Host
from detente.recipe import load
from shapes_plugin import message, refusal


def test_all_errors_are_said_at_once_each_with_its_source_and_key(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        textwrap.dedent("""
        domain: shapes
        stps: 3
        batch: 0
        model: {name: mlp, widht: 3}
        data: circle
        metrics: [roundness, raundness]
        objective: hinge
        generator: {regularizers: {instance-noise: , dropout: {p: 2}}}
        discriminator:
          optimizer: {name: adam, betas: [0.5], lr: -1}
          regularizers: {r1: {gama: 1, space: inptu}, second: {kind: r11}, label-smoothing: , ema: {every: 3}}
        """)
    )
    said = message(lambda: load(path, sets=["seed=-1"], flags={"log_every": 0}, host=host))
    expected = f"""
        --set: seed: should be greater than or equal to 0, but is -1.
        {path}: batch: should be greater than or equal to 1, but is 0.
        --log-every: should be greater than or equal to 1, but is 0.
        {path}: stps: unknown key. Did you mean 'steps'?
        {path}: model.widht: unknown option. Did you mean 'width'?
        {path}: data: There is no data set 'circle' of domain 'shapes'. Did you mean 'circles'?
        {path}: metrics: There is no metric 'raundness' of domain 'shapes'. Did you mean 'roundness'?
        {path}: generator.regularizers.instance-noise: instance-noise cannot be used on the generator. Move it to
        {path}: generator.regularizers.dropout.p: should be less than 1, but is 2.
        {path}: discriminator.optimizer.lr: should be greater than or equal to 0, but is -1.
        {path}: discriminator.optimizer.betas: should be [a number, a number], but is [0.5].
        {path}: discriminator.regularizers.r1.gama: unknown option. Did you mean 'gamma'?
        {path}: discriminator.regularizers.r1.space: should be 'input' or 'embedding', but is 'inptu'. Did you
        {path}: discriminator.regularizers.second: There is no regularizer 'r11'. Did you mean 'r1'?
        {path}: discriminator.regularizers.label-smoothing: label-smoothing is only exact for logistic losses
        {path}: discriminator.regularizers.ema.every: is for penalties, and ema has none.
    """
    for line, start in zip(said.splitlines(), textwrap.dedent(expected).strip().splitlines(), strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"model": 3}, "model: should be a name, or a mapping with a name, but is 3."),
        ({"data": {"name": 3}}, "data.name: should be text, but is 3."),
        ({"data": "folder"}, "data.path: is required: a path."),
        ({"model": {"width": 0}}, "model.width: should be greater than or equal to 1, but is 0."),
        ({"model": {"width": "8"}}, "model.width: should be an integer, but is '8'."),
        ({"steps": True}, "steps: should be an integer, but is true."),
        ({"steps": 2.0}, "steps: should be an integer, but is 2.0."),
        ({"format": 2}, "format: is 2, but this version reads format 1."),
        ({"precision": "fp16"}, "precision: should be 'fp32', 'bf16' or 'fp64', but is 'fp16'."),
        ({"device": "cuda:x"}, "device: should be auto, cpu, cuda or cuda:N, but is 'cuda:x'."),
        ({"samples": 0}, "samples: should be greater than or equal to 1, but is 0."),
        ({"metrics": "roundness"}, "metrics: should be a list, but is 'roundness'."),
        ({"metrics": ["roundness"] * 2}, "metrics: contains 'roundness' twice; remove one."),
        ({"generator": [1]}, "generator: should be a mapping, but is [1]."),
        ({"generator": {"regularizer": {}}}, "generator.regularizer: unknown key. Did you mean 'regularizers'?"),
        (
            {"generator": {"optimizer": {"lr": float("inf")}}},
            "generator.optimizer.lr: should be a finite number, but is",
        ),
        ({"generator": {"optimizer": "adm"}}, "generator.optimizer: There is no optimizer 'adm'. Did you mean 'adam'?"),
        (
            {"generator": {"optimizer": {"betas": [0.5, 1]}}},
            "generator.optimizer.betas: should be less than 1, but has",
        ),
        (
            {"generator": {"optimizer": {"name": "sgd", "nesterov": True}}},
            "generator.optimizer: Nesterov momentum req",
        ),
        (
            {"simultaneous": True, "critic_steps": 2},
            "critic_steps: must be 1 if simultaneous is true, because both players",
        ),
        ({"domain": 3}, "domain: should be text, but is 3."),
        ({"domain": "shape"}, "domain: There is no domain 'shape'. Did you mean 'shapes'?"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_key(host: Host, recipe: dict[str, Any], said: str) -> None:
    (line,) = refusal(host, recipe)
    assert line.startswith(f"recipe: {said}")


def test_what_is_missing_is_asked_for_with_its_choices(host: Host) -> None:
    assert message(lambda: load(host=host)).startswith("recipe: domain: is missing. Choose one of: dirac, bilinear,")
    (line,) = refusal(host, {"data": {"size": 3}, "model": None})
    assert line == "recipe: model: is missing. Choose one of: mlp, labelled, warm."


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        (
            {"1x": {"kind": "r1"}},
            ".1x: cannot be the name of a regularizer: use letters, digits, - and _, a letter first.",
        ),
        ({"r1": 3}, ".r1: should be a mapping, but is 3."),
        ({"r1": {"kind": 3}}, ".r1.kind: should be the name of a regularizer, but is 3."),
        ({"r1": {"every": 0}}, ".r1.every: should be greater than or equal to 1, but is 0."),
        ({"r1": {"evry": 2}}, ".r1.evry: unknown option. Did you mean 'every'?"),
        ({"r1": {"gamma": {"from": 1}}}, ".r1.gamma.to: is required: a schedule goes from one number to another."),
        ({"r1": {"gamma": {"from": "x", "to": 1}}}, ".r1.gamma.from: should be a number, but is 'x'."),
        (
            {"r1": {"gamma": {"from": 2, "to": 1, "ovr": 1}}},
            ".r1.gamma.ovr: unknown; a schedule has from, to, over and shape. Did you mean",
        ),
        (
            {"r1": {"gamma": {"from": 2, "to": 1, "over": 1.5}}},
            ".r1.gamma.over: should be a fraction of the run (at most 1)",
        ),
        (
            {"r1": {"gamma": {"from": 2, "to": 1, "over": 0}}},
            ".r1.gamma.over: should be a fraction of the run (at most 1)",
        ),
        (
            {"own-every": {"every": {"from": 2, "to": 1}}},
            ".own-every.every: cannot have a schedule: it is an integer",
        ),
        ({"ema": {}, "spectral-norm": {}}, ": spectral-norm changes the network or its weights after ema"),
    ],
)
def test_a_regularizer_that_does_not_fit_is_refused(host: Host, chain: dict[str, Any], said: str) -> None:
    (line,) = refusal(host, {"discriminator": {"regularizers": chain}})
    assert line.startswith(f"recipe: discriminator.regularizers{said}")


def test_a_part_of_a_broken_plugin_is_the_plugins_fault(host: Host) -> None:
    said = message(lambda: load(domain="squares", host=host), PluginError)
    assert said.startswith(
        "command line: domain: domain 'squares' belongs to plugin 'squares' (squares 1.0), which was not loaded"
    )
    recipe = {"domain": "shapes", "stps": 1, "discriminator": {"regularizers": {"absent": None, "impostor": None}}}
    lines = message(lambda: load(recipe, host=host), PluginError).splitlines()
    assert lines[0] == "recipe: stps: unknown key. Did you mean 'steps'?"
    assert lines[1].startswith(
        "recipe: discriminator.regularizers.absent: regularizer 'absent' of shapes 1.0 cannot be"
    )
    assert "shapes.parts:Shapes is not a subclass of Regularizer" in lines[2]
