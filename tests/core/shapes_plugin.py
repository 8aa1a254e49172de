"""A domain with everything a recipe can name, and what a recipe of it is refused for."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from detente.errors import DetenteError, UsageError
from detente.plugins import Host, discover
from detente.plugins.loader import Installed, is_core
from detente.plugins.loader import load as load_plugin
from detente.plugins.registry import Origin
from detente.recipe import load

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


@contextlib.contextmanager
def shapes_host(root: Path) -> Iterator[Host]:
    """The core's own plugin, one with the domain `shapes`, and one that is broken."""
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
    try:
        yield Host([*core, *mine])
    finally:
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
