"""Every planted defect of the suite's tests, packed into wheels: one for each kind of component."""

import runpy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.engine.options import kebab
from distributions import Distribution
from sample_plugins import HOOKIMPL
from sound_wheels import SAID, distribution

CORE = Path(__file__).parents[1] / "core"
LAWS = CORE / "testing" / "laws"
IN_LAWS = (
    *("closed_forms", "effects", "furnished", "laws_critics", "laws_networks", "laws_process"),
    *("penalties", "play", "play_and_deployed", "two_processes"),
)
"""The tests whose DEFECTS are regularizers."""


@dataclass(frozen=True)
class Planted:
    """One defect in a wheel.

    Args:
        name: under which it is declared.
        target: what the declaration names.
        law: that must catch it.
        domain: which it belongs to, or is.
    """

    name: str
    target: str
    law: str
    domain: str | None = None


@dataclass(frozen=True)
class Wheels:
    """The defects of one kind, the wheel that declares them, and those that it needs beside it."""

    kind: str
    defects: tuple[Planted, ...]
    wheel: Distribution
    beside: tuple[Distribution, ...] = ()


def declared(hook: str, entries: Iterable[tuple[str, str, str | None]]) -> str:
    """A hook that adds these names, targets and domains."""
    lines = [f"@hookimpl\ndef detente_register_{hook}(registry):"]
    for name, target, domain in entries:
        of = f", domain={domain!r}" if domain else ""
        lines.append(f"    registry.add({name!r}, {target!r}{of})")
    return "\n".join([*lines, ""])


def wheel(name: str, plugin: str, files: Mapping[str, str]) -> Distribution:
    """`detente-NAME`, with these files of its package besides."""
    one = distribution(name, said=SAID.replace("detente\n", "detente[run]\n"), plugin=HOOKIMPL + plugin)
    return Distribution(one.name, one.version, {**one.files, **files}, one.plugins, one.said)


def of_classes(kind: str, hook: str, sources: Mapping[str, Path], table: str, domain: str | None = None) -> Wheels:
    """The wheel of defects that are classes: each source has a table from class to law."""
    package, found = f"detente_faulty_{hook}", []
    for module, path in sources.items():
        for cls, law in runpy.run_path(str(path))[table].items():
            found.append(Planted(kebab(cls.__name__), f"{package}.{module}:{cls.__name__}", law, domain))
    assert len({one.name for one in found}) == len(found), "two defects have one name"
    files = {f"{package}/{module}.py": path.read_text(encoding="utf-8") for module, path in sources.items()}
    if kind == "regularizer":  # their tests import it
        files["planted.py"] = (CORE / "planted.py").read_text(encoding="utf-8")
    plugin = declared(hook, [(one.name, one.target, one.domain) for one in found])
    return Wheels(kind, tuple(found), wheel(f"faulty_{hook}", plugin, files))


KINDS = '''"""Each faulty kind of data as classes that a recipe can make."""

from detente_faulty_domains.faults import FAULTS, fresh, written

NEW = written()


def planted(of, fault, part):
    """A class whose instances are that part of a sound kind with this fault."""

    class Planted(of):
        def __init__(self):
            whole = FAULTS[fault][1](fresh(NEW))
            one = whole.metrics[part] if part in whole.metrics else getattr(whole, part)
            self.__class__, self.__dict__ = type(one), one.__dict__
            if part == "domain":
                self.name, self.metrics = fault.lower().replace(" ", "-"), tuple(whole.metrics)

    return Planted


for i, fault in enumerate(FAULTS):
    globals()[f"Domain{i}"] = planted(NEW.Rhythm, fault, "domain")
    globals()[f"Data{i}"] = planted(NEW.Waves, fault, "data")
    globals()[f"Model{i}"] = planted(NEW.MLP, fault, "model")
    globals()[f"Metric{i}"] = planted(NEW.Scale, fault, "mine")
globals()["Scale"] = NEW.Scale
'''


def of_domains() -> Wheels:
    """The wheel of faulty domains; their data, models and metrics are declared by one beside it."""
    source = CORE / "testing" / "suites" / "test_suites_domains.py"
    there = runpy.run_path(str(source))
    new, faults = there["written"](), there["FAULTS"]
    kinds = "detente_faulty_domains.kinds"
    names = [fault.lower().replace(" ", "-") for fault in faults]
    found, metrics = [], []
    for i, (name, (law, plant)) in enumerate(zip(names, faults.values(), strict=True)):
        found.append(Planted(name, f"{kinds}:Domain{i}", law, name))
        metrics.append(("rhythm-scale", f"{kinds}:Scale", name))
        if "mine" in plant(there["fresh"](new)).metrics:
            metrics.append(("mine", f"{kinds}:Metric{i}", name))
    parts = declared("data", [("waves", f"{kinds}:Data{i}", name) for i, name in enumerate(names)])
    parts += declared("models", [("mlp", f"{kinds}:Model{i}", name) for i, name in enumerate(names)])
    parts += declared("metrics", metrics)
    files = {
        "detente_faulty_domains/faults.py": source.read_text(encoding="utf-8"),
        "detente_faulty_domains/kinds.py": KINDS,
    }
    plugin = declared("domains", [(one.name, one.target, None) for one in found])
    beside = wheel("faulty_parts", parts, {})
    return Wheels("domain", tuple(found), wheel("faulty_domains", plugin, files), (beside,))


def of_kind(kind: str) -> Wheels:
    """The wheels of all defects of a kind of component; regularizers', which are many, by their module of tests."""
    match kind:
        case module if module in IN_LAWS:
            return of_classes("regularizer", "regularizers", {module: LAWS / f"test_{module}.py"}, "DEFECTS")
        case "objective":
            return of_classes(kind, "objectives", {"objectives": CORE / "faulty_objectives.py"}, "OBJECTIVES")
        case "model":
            return of_classes(kind, "models", {"networks": CORE / "faulty_networks.py"}, "MODELS", "ring")
        case "metric":
            return of_classes(kind, "metrics", {"metrics": CORE / "faulty_metrics.py"}, "METRICS", "ring")
        case "data":
            source = CORE / "testing" / "suites" / "test_suites_data.py"
            return of_classes(kind, "data", {"data": source}, "FAULTS", "ring")
        case _:
            return of_domains()


def module_of_laws(wheels: Wheels, cases: Any) -> str:
    """A module of tests as an author writes them: the laws of each defect."""
    lines = ["from detente.pytest_plugin import laws_of", "from importlib import import_module", ""]
    for i, one in enumerate(wheels.defects):
        module, _, attribute = one.target.partition(":")
        subject = repr(one.name) if wheels.kind == "domain" else f"getattr(import_module({module!r}), {attribute!r})"
        where = "" if wheels.kind == "domain" else f", cases={cases!r}"
        lines += [f"@laws_of({subject}{where})", f"def test_{i}(law):", "    law()", ""]
    return "\n".join(lines)
