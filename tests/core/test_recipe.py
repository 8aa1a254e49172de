"""Recipes: what may stand in one, what is said about one that is wrong, and what is built from one that is right."""

import contextlib
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import torch
import yaml
from annotated_types import Gt
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import SGD, Adam, RMSprop

from detente.engine.combinators import Annealed, Lazily, unwrap
from detente.errors import DetenteError, PluginError, UsageError
from detente.plugins import Host, discover
from detente.plugins.loader import Installed, is_core
from detente.plugins.loader import load as load_plugin
from detente.plugins.registry import Origin
from detente.recipe import Recipe, fingerprint, load, options_of, parse_arm, parse_links, slug
from detente.recipe.document import MAX_BYTES, dump, parse, read
from detente.recipe.options import check
from detente.training.build import build

PLUGIN = """
from detente.hookspecs import hookimpl

def add(registry, *names, **more):
    for name, target in names:
        registry.add(name, f"shapes.parts:{target}", **more)

@hookimpl
def detente_register_domains(registry):
    add(registry, ("shapes", "Shapes"))

@hookimpl
def detente_register_data(registry):
    add(registry, ("circles", "Circles"), ("folder", "Folder"), ("stars", "Stars"), domain="shapes")

@hookimpl
def detente_register_models(registry):
    add(registry, ("mlp", "MLP"), ("labelled", "Labelled"), ("warm", "Warm"), domain="shapes")

@hookimpl
def detente_register_metrics(registry):
    add(registry, ("roundness", "Roundness"), domain="shapes")

@hookimpl
def detente_register_regularizers(registry):
    add(registry, ("embed-penalty", "EmbedPenalty"), ("own-every", "OwnEvery"), ("impostor", "Shapes"))
    registry.add("absent", "shapes_absent:Thing")
"""

PARTS = """
from pathlib import Path
from typing import Annotated
import torch
from annotated_types import Ge
from torch import nn
from detente.domains.contracts import Data, Domain, Metric, Model, Networks
from detente.engine.sample import Leaf, Space
from detente.domains.packed import PackedData
from detente.domains.primary import Primary
from detente.engine.regularizer import Regularizer

class Roundness(Metric):
    scores = {"roundness": "higher"}
    def __call__(self, e): return {"roundness": 1.0}

class Shapes(Domain):
    name, primary, metrics, sample_count = "shapes", Primary("roundness", "higher"), ("roundness",), 123
    def features(self, x): return x
    def preview(self, x, path): ...
    def baseline(self, data, n, generator): return torch.zeros(n, 4)

class Circles(PackedData):
    def __init__(self, size: int = 32, classes: int | None = None):
        x = torch.linspace(-1, 1, size * 4).reshape(size, 4)
        labels = None if classes is None else torch.arange(size) % classes
        super().__init__(Space((Leaf((4,)),), classes), x, x, x, f"circles {size}", labels)

class Stars(Circles): ...

class Folder(Circles):
    def __init__(self, path: Path, pattern: str = "*.png"):
        super().__init__()
        self.path, self.pattern = path, pattern

class MLP(Model):
    latent_dim = 3
    def __init__(self, width: Annotated[int, Ge(1)] = 8): self.width = width
    def build(self, space):
        g = nn.Sequential(nn.Linear(3, self.width), nn.Tanh(), nn.Linear(self.width, 4))
        d = nn.Sequential(nn.Linear(4, self.width), nn.Tanh(), nn.Linear(self.width, 1), nn.Flatten(0))
        return Networks(g, d)

class WithLabels(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
    def forward(self, x, labels): return self.net(x) + 0 * labels.sum()

class Labelled(MLP):
    conditional = True
    def build(self, space): return Networks(*map(WithLabels, super().build(space)))

class Warm(MLP):
    def warm_up(self, networks, data, rng, show):
        with torch.no_grad():
            networks.generator[0].weight.copy_(torch.rand(self.width, 3))
    def auxiliary(self, s): return {"size": s.fake.square().mean()}

class EmbedPenalty(Regularizer):
    needs = ("embed",)
    def penalty(self, s): return s.real_score.mean()

class OwnEvery(Regularizer):
    def __init__(self, every: int = 7):
        super().__init__()
        self.every = every
    def penalty(self, s): return s.real_score.mean()
"""

WARM = "{batch: 5, steps: 80, generator: {optimizer: {lr: 0.5}}}"

DEFAULT = """
data: circles
model: {name: mlp, width: 6}
steps: 50
generator: {regularizers: {ema: {half_life: 20}}}
discriminator: {optimizer: {lr: 1e-3}, regularizers: {r1: }}
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The core's own plugin, one with the domain `shapes`, and one that is broken."""
    root = tmp_path_factory.mktemp("site")
    package = root / "shapes"
    (package / "recipes").mkdir(parents=True)
    files = {"__init__.py": "", "plugin.py": PLUGIN, "parts.py": PARTS, "broken.py": "raise OSError('no disk')"}
    for name, text in {
        **files,
        "recipes/default.yaml": DEFAULT,
        "recipes/stars.yaml": "steps: 70\nmodel: warm",
        "recipes/warm.yaml": WARM,
    }.items():
        (package / name).write_text(text)
    sys.path.insert(0, str(root))
    core = [plugin for plugin in discover().plugins if is_core(plugin.origin)]
    mine = [
        load_plugin(Installed(Origin(name, name, "1.0"), EntryPoint(name, module, "detente")))
        for name, module in (("shapes", "shapes.plugin"), ("squares", "shapes.broken"))
    ]
    assert [plugin.status for plugin in mine] == ["ok", "failed"]
    yield Host([*core, *mine])
    sys.path.remove(str(root))
    for name in [name for name in sys.modules if name.partition(".")[0] == "shapes"]:
        del sys.modules[name]


def message(call: Callable[[], object], kind: type[DetenteError] = UsageError) -> str:
    with pytest.raises(DetenteError) as caught:
        call()
    assert type(caught.value) is kind
    return str(caught.value)


def refusal(host: Host, recipe: dict[str, Any] | None = None, **more: Any) -> list[str]:
    """The lines about a recipe of shapes."""
    return message(lambda: load({"domain": "shapes", **(recipe or {})}, host=host, **more)).splitlines()


# Reading YAML


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-4", 2e-4),
        ("1_000", 1000),
        ("010", 10),
        ("0x1F", 31),
        (".inf", float("inf")),
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        (".nan", ".nan"),
        ("~", None),
        ("", None),
        ("true", True),
        ("{from: 2, to: .5}", {"from": 2, "to": 0.5}),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text: str, value: Any) -> None:
    assert parse(text, "x") == value
    assert type(parse(text, "x")) is type(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc -:#'1en.o~", max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abcdenotfyu-_019.", min_size=1), PLAIN, max_size=5))
@settings(max_examples=60, deadline=None)
def test_what_is_dumped_is_read_back_the_same(data: dict[str, Any]) -> None:
    text = dump(data)
    assert parse(text, "x") == data
    assert dump(parse(text, "x")) == text


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch pwned']",
        "a: !!python/name:os.system ''",
        "a: !!python/object/new:detente.plugins.Host [[]]",
        "a: !!binary aGVsbG8=",
        "a: !!set {b}",
        "a: !mine {b: 1}",
    ],
)
def test_a_tag_is_refused_and_nothing_is_run(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "could not determine a constructor for the tag" in message(lambda: parse(text, "r.yaml"))
    assert list(tmp_path.iterdir()) == []


def test_aliases_are_refused_so_that_nothing_unfolds() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    said = message(lambda: parse(bomb, "r.yaml"))
    assert said.startswith("r.yaml: line 2, column 10: aliases (*name) are not supported in recipes")
    assert "aliases" in message(lambda: parse("a: {<<: *b}", "r.yaml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "r.yaml: line 3, column 1: the key 'a' appears twice; keep one of them."),
        ("1: x", "r.yaml: line 1, column 1: a key must be text; put '1' in quotes."),
        ("? [a]\n: x", "r.yaml: line 1, column 3: a key cannot be a list or a mapping."),
        ("a: [1", "r.yaml: line 1, column 6: expected ',' or ']', but got '<stream end>'."),
        ("a: 1\n---\nb: 2", "r.yaml: line 2, column 1: but found another document."),
        ("[" * 500_000, "r.yaml: line 1, column 51: this is nested too deeply for a recipe."),
        ("a: " + "9" * 5000, "r.yaml: contains a number that is too long."),
        ("a: \0", "r.yaml: is not valid YAML: unacceptable character"),
    ],
)
def test_malformed_yaml_is_refused_with_its_place(text: str, said: str) -> None:
    started = time.perf_counter()
    assert message(lambda: parse(text, "r.yaml")).startswith(said)
    assert time.perf_counter() - started < 5


def test_a_file_that_holds_no_recipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    assert message(lambda: read(path)) == f"{path}: file not found."
    assert message(lambda: read(tmp_path)) == f"{tmp_path}: cannot be read: Is a directory."
    for content, said in (
        (b"- a\n- b", "holds a list; a recipe is a mapping, one `key: value` a line."),
        (b"hello", "holds a single value; a recipe is a mapping, one `key: value` a line."),
        (b"a: \xff", "is not UTF-8 text (byte 3)."),
        (b"#" * (MAX_BYTES + 1), "is larger than 1,000,000 bytes, which is too large for a recipe."),
    ):
        path.write_bytes(content)
        assert message(lambda: read(path)) == f"{path}: {said}"
    path.write_bytes(b"\xef\xbb\xbf# nothing but a mark and a comment\n")
    assert read(path) == {}


# Layers: defaults < domain's recipe < recipe < --reg < --set < flags


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


def test_a_setting_addresses_a_regularizer_by_its_name_alone(host: Host) -> None:
    r = load(domain="shapes", regs=["r1(gamma=1)+r1(name=second)"], sets=["r1.gamma=3", "second.every=2"], host=host)
    chain = r.discriminator.regularizers
    assert (chain["r1"]["gamma"], chain["second"]["every"]) == (3.0, 2)
    r = load(domain="shapes", sets=["discriminator.regularizers.r1.gamma={from: 2, to: 0}"], host=host)
    assert r.discriminator.regularizers["r1"]["gamma"] == {"from": 2.0, "to": 0.0, "over": 1.0}


UNKNOWN = "neither a key of recipes nor one of this recipe's regularizers."


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "l2.weight=1",
            "--set: l2.weight: both players have a regularizer called 'l2'. Use the full key generator.regul",
        ),
        ("stps=1", f"--set: stps: {UNKNOWN} Did you mean 'steps'?"),
        ("steps", "--set: 'steps' should be key=value"),
        ("a..b=1", "--set: 'a..b=1' should be key=value"),
        ("steps=[1", "--set: steps: line 1, column 3: expected ',' or ']'"),
        ("steps.more=1", "--set: steps.more: steps is 50, which has no keys."),
        ("steps=x", "--set: steps: should be an integer, but is 'x'."),
        ("l2x.weight=1", f"--set: l2x.weight: {UNKNOWN} Did you mean 'l2'?"),
        ("discriminator.regularizers.l2.wait=1", "--set: discriminator.regularizers.l2.wait: unknown option."),
    ],
)
def test_a_bad_setting_is_refused(host: Host, setting: str, said: str) -> None:
    (line,) = refusal(host, regs=["both:l2"], sets=[setting])
    assert line.startswith(said)


def test_a_recipe_for_another_domain_is_refused(host: Host) -> None:
    said = message(lambda: load({"domain": "ring"}, domain="shapes", host=host))
    assert said == "recipe: domain: is 'ring', but the command names 'shapes'. Remove one of the two."


# Errors


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
        --log-every: log_every: should be greater than or equal to 1, but is 0.
        {path}: stps: unknown key. Did you mean 'steps'?
        {path}: model.widht: unknown option. Did you mean 'width'?
        {path}: data: There is no data 'circle' of domain 'shapes'. Did you mean 'circles'?
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
            ".r1.gamma.ovr: unknown; a schedule has from, to and over.",
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


# The resolved recipe


def test_a_resolved_recipe_loads_as_itself(host: Host, tmp_path: Path) -> None:
    regs = [
        "r1(gamma={from: 2, to: .2, over: .5}, every=4)+r1+both:clip-norm(max_norm=1e30)+own-every",
        "g:l2(where='no')",
    ]
    first = load(domain="shapes", regs=regs, sets=["data={name: folder, path: /x}", "model=warm"], host=host)
    assert first.discriminator.regularizers == {
        "r1": {"gamma": {"from": 2.0, "to": 0.2, "over": 0.5}, "space": "input", "every": 4},
        "r1-2": {"kind": "r1", "gamma": 10.0, "space": "input", "every": 1},
        "clip-norm": {"max_norm": 1e30},
        "own-every": {"every": 7},
    }
    path = tmp_path / "r.yaml"
    path.write_text(first.to_yaml(), encoding="utf-8")
    second = load(path, host=host)
    assert second == first
    assert second.to_yaml() == first.to_yaml()
    assert list(second.discriminator.regularizers) == list(first.discriminator.regularizers)
    assert yaml.safe_load(first.to_yaml()) == first.plain()
    assert load(first.plain(), host=host) == first


KINDS = {"r1": {"gamma": 0.0}, "l2": {"weight": 1e-4}, "dropout": {"where": "0"}, "clip-norm": {}, "batch-norm": {}}


@given(
    steps=st.integers(1, 10**9),
    lr=st.floats(0, 1e3),
    chain=st.lists(
        st.tuples(st.sampled_from(sorted(KINDS)), st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)), max_size=4
    ),
    flags=st.fixed_dictionaries(
        {"simultaneous": st.booleans(), "precision": st.sampled_from(["fp32", "bf16", "fp64"])}
    ),
)
@settings(max_examples=40, deadline=None)
def test_any_recipe_loads_as_itself(
    host: Host, steps: int, lr: float, chain: list[tuple[str, str]], flags: dict[str, Any]
) -> None:
    entries = {name: {"kind": kind, **KINDS[kind]} for kind, name in chain}
    recipe = {"domain": "shapes", "steps": steps, "discriminator": {"optimizer": {"lr": lr}, "regularizers": entries}}
    first = load(recipe, flags=flags, host=host)
    second = load(parse(first.to_yaml(), "x"), host=host)
    assert second == first
    assert second.to_yaml() == first.to_yaml()
    assert fingerprint(second) == fingerprint(first)


def test_a_fingerprint_tells_recipes_apart_and_finds_the_partner_of_an_arm(host: Host) -> None:
    arm = load(domain="shapes", regs=["r1"], host=host)
    none = load(domain="shapes", regs=["none"], host=host)
    assert fingerprint(arm) != fingerprint(none)
    chains = ("generator.regularizers", "discriminator.regularizers")
    assert fingerprint(arm, without=chains) == fingerprint(none, without=chains)
    assert fingerprint(arm, without=["seed"]) == fingerprint(arm.model_copy(update={"seed": 5}), without=["seed"])
    other = load(domain="shapes", regs=["clip-norm+l2"], host=host)
    assert fingerprint(other) != fingerprint(load(domain="shapes", regs=["l2+clip-norm"], host=host))


# The language of --reg


@pytest.mark.parametrize(
    ("text", "generator", "discriminator"),
    [
        ("none", {}, {}),
        (" none ", {}, {}),
        ("r1", {}, {"r1": {}}),
        ("ema", {"ema": {}}, {}),
        ("clip-norm", {"clip-norm": {}}, {"clip-norm": {}}),
        ("d:ema + g:l2()", {"l2": {}}, {"ema": {}}),
        ("both:l1(weight=1e-3)", {"l1": {"weight": 1e-3}}, {"l1": {"weight": 1e-3}}),
        ("r1(gamma = 1 , every=4)", {}, {"r1": {"gamma": 1, "every": 4}}),
        ("r1+r1+r1", {}, {"r1": {}, "r1-2": {"kind": "r1"}, "r1-3": {"kind": "r1"}}),
        ("r1(name=r1-2)+r1+r1", {}, {"r1-2": {"kind": "r1"}, "r1": {}, "r1-3": {"kind": "r1"}}),
        ("d:l2+g:l2", {"l2": {}}, {"l2": {}}),
        ('dropout(where="fc*")', {}, {"dropout": {"where": "fc*"}}),
        ('dropout(where=["a,b)", \'it\'\'s\', "\\"("])', {}, {"dropout": {"where": ["a,b)", "it's", '"(']}}),
        ("r1(gamma={from: 2, to: .2, over: .5})", {}, {"r1": {"gamma": {"from": 2, "to": 0.2, "over": 0.5}}}),
    ],
)
def test_a_chain_is_read(host: Host, text: str, generator: dict[str, Any], discriminator: dict[str, Any]) -> None:
    arm = parse_arm(text, host)
    assert (arm.generator, arm.discriminator) == (generator, discriminator)
    assert list(arm.discriminator) == list(discriminator)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("r1(gamma=1", "is missing ')' at character 10"),
        ("r1(gamma=[1", "is missing ']' at character 11"),
        ("r1(gamma=1))", "has ')' instead of '+' or the end at character 12"),
        ("r1(gamma=[1)", "has ')' instead of ']' at character 12"),
        ("r1(gamma=1]", "has ']' instead of ',' or ')' at character 11"),
        ("r1+", "is missing the name of a regularizer at character 3"),
        ("", "is missing the name of a regularizer at character 1"),
        ("r1(gamma)", "has ')' instead of '=' after 'gamma' at character 9"),
        ("r1(gamma", "is missing '=' at character 8"),
        ("r1(gamma=)", "has no value for 'gamma' at character 10"),
        ("r1(gamma=1,)", "has ')' instead of the name of an option at character 12"),
        ("r1(gamma=1, gamma=2)", "gives 'gamma' twice, at character 13"),
        ("x:r1", "has 'x' before ':', where only g, d or both can stand, at character 2"),
        ("r1 r2", "has 'r' instead of '+', '(' or the end at character 4"),
        ("r1(where='x)", "does not close the ' that opens at character 10"),
        ("r1(name=1)", "gives r1 the name 1, which is not letters, digits, - and _, at character 3"),
        ("r1(gamma=*x)", "the value of 'gamma' at character 10: line 1, column 1: aliases (*name) are not supported"),
        ("r1(gamma=!!python/name:os.system x)", "the value of 'gamma' at character 10: line 1, column 1: could not"),
        ("none+r1", "'none' is the empty chain and cannot be combined."),
    ],
)
def test_a_malformed_chain_is_refused_with_its_place(host: Host, text: str, said: str) -> None:
    found = message(lambda: parse_arm(text, host))
    assert found.startswith(f"--reg: {text!r}")
    assert found.removeprefix(f"--reg: {text!r}").lstrip(": ").startswith(said)


def test_a_chain_names_what_it_cannot_have(host: Host) -> None:
    assert message(lambda: parse_arm("r11", host)).startswith(
        "--reg: There is no regularizer 'r11'. Did you mean 'r1'?"
    )
    said = message(lambda: parse_arm(["r1(name=a)", "l2(name=a)"], host))
    assert said == "--reg: two regularizers of the discriminator are called 'a'; rename one of them."
    assert "shapes_absent" in message(lambda: parse_arm("absent", host), PluginError)
    (line,) = refusal(host, regs=["r1(gama=1)"])
    assert line == "--reg: discriminator.regularizers.r1.gama: unknown option. Did you mean 'gamma'?"
    (line,) = refusal(host, regs=["g:r1"])
    assert line.startswith("--reg: generator.regularizers.r1: r1 cannot be used on the generator.")


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_chain_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert all(link.kind != "none" for link in parse_links(text))


@given(st.text() | st.from_regex(r"[a-z+():=, .]{50,90}", fullmatch=True))
@settings(max_examples=100, deadline=None)
def test_a_slug_is_a_name_for_a_folder_anywhere(text: str) -> None:
    name = slug(text)
    assert 0 < len(name) <= 60
    assert name[0].isalnum()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.=-")
    assert name == name.strip(".")


def test_slugs_are_legible_stable_and_apart() -> None:
    assert slug("r1(gamma=1)+g:ema") == "r1-gamma=1-g-ema-532054a2"
    assert slug("../..") == "arm-9ae83f98"
    assert slug("R1") != slug("r1")
    assert len({slug("x" * n) for n in range(50, 90)}) == 40


# Options from signatures


class Everything:
    def __init__(
        self,
        path: Path,
        rate: Annotated[float, Gt(0)] = 1.0,
        pair: tuple[int, int] = (1, 2),
        mode: Literal["a", "b"] = "a",
        where: "str | list[str] | None" = None,
        sloppy: str = None,  # noqa: RUF013  # pyright: ignore[reportArgumentType]
        *args: Any,
        late: bool = False,
        **more: Any,
    ) -> None: ...


def test_the_signature_tells_the_options() -> None:
    assert [(o.name, o.type_name, o.default if not o.required else "required") for o in options_of(Everything)] == [
        ("path", "pathlib.Path", "required"),
        ("rate", "Annotated[float, Gt(gt=0)]", 1.0),
        ("pair", "tuple[int, int]", (1, 2)),
        ("mode", "Literal['a', 'b']", "a"),
        ("where", "str | list[str] | None", None),
        ("sloppy", "str", None),
        ("late", "bool", False),
    ]
    assert options_of(object) == ()
    assert options_of(int) == ()


def test_options_are_read_strictly_and_come_back_plain() -> None:
    checked = check(Everything, {"path": "/x", "rate": 2, "pair": [3, 4], "where": ["a"], "sloppy": None})
    assert checked.problems == []
    assert checked.arguments == {"path": Path("/x"), "rate": 2.0, "pair": (3, 4), "where": ["a"], "sloppy": None}
    assert checked.plain == {
        "path": "/x",
        "rate": 2.0,
        "pair": [3, 4],
        "mode": "a",
        "where": ["a"],
        "sloppy": None,
        "late": False,
    }
    assert check(Everything, checked.plain).plain == checked.plain


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("rate", 0, "should be greater than 0, but is 0."),
        ("rate", True, "should be a number, but is true."),
        ("rate", "2", "should be a number, but is '2'."),
        ("pair", [1], "should be [an integer, an integer], but is [1]."),
        ("pair", [1, 2.5], "should be [an integer, an integer], but is [1, 2.5]."),
        ("mode", "aa", "should be 'a' or 'b', but is 'aa'. Did you mean 'a'?"),
        ("where", 3, "should be text or a list, each text or null, but is 3."),
        ("late", 1, "should be true or false, but is 1."),
        ("args", 1, "unknown option. Available: path, rate, pair, mode, where, sloppy, late."),
        ("more", 1, "unknown option. Did you mean 'mode'?"),
        ("path", "x" * 99, ""),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused(option: str, value: Any, said: str) -> None:
    problems = check(Everything, {"path": "/x", option: value}).problems
    assert problems == ([(option, said)] if said else [])


# Building


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
