"""The reference of public names, written from their docstrings: pages of the site, and what they lack."""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import detente
from detente import Regularizer, hookspecs, regularizers, testing
from detente.engine.options import Range

CORE = Path(detente.__file__).parents[1]
INTRO = {
    "regularizers": (
        "Regularizers",
        "What `detente.regularizers` hands out. Equation, cost and source stand on the [cards](../../cards/index.md).",
    ),
    "engine": ("Engine", "One training step, and what regularizers and objectives are written with."),
    "domains": ("Domains", "Kinds of data, data sets, models and metrics: what a plugin implements, and helps for it."),
    "using": ("Use and errors", "Trained generators, your own loop, and the errors that are raised."),
    "hooks": ("Hooks", "What a plugin implements: functions of these names, marked with `hookimpl`."),
    "testing": ("Tests for plugins", "The laws, for those who write their own components."),
}
CHOICES = {"policy", "space", "where"}
"""Options that name a part of a network or of a domain, which may not have it."""
_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):$")


def catalogue() -> dict[str, dict[str, Any]]:
    """The public names of each page, with what they stand for."""
    pages: dict[str, dict[str, Any]] = {page: {} for page in INTRO}
    for name, module in detente._MODULE_OF.items():
        part = module.split(".")[1]
        page = part if part in ("engine", "domains") else "hooks" if part == "hookspecs" else "using"
        pages[page][f"detente.{name}"] = getattr(detente, name)
    for name in regularizers.__all__:
        pages["regularizers"][f"detente.regularizers.{name}"] = getattr(regularizers, name)
    for name in testing.__all__:
        pages["testing"][f"detente.testing.{name}"] = getattr(testing, name)
    for name, target in (("pytest_plugin", "laws_of"), ("testing.probe", "probe")):
        pages["testing"][f"detente.{name}.{target}"] = getattr(importlib.import_module(f"detente.{name}"), target)
    for name, hook in vars(hookspecs).items():
        if name.startswith("detente_"):
            pages["hooks"][f"detente.hookspecs.{name}"] = hook
    for name in ("Registry",):
        pages["hooks"][f"detente.hookspecs.{name}"] = getattr(hookspecs, name)
    objectives = importlib.import_module("detente.engine.objectives")
    for name, found in vars(objectives).items():
        if inspect.isclass(found) and issubclass(found, objectives.Objective) and not name.startswith("_"):
            pages["engine"].setdefault(
                f"detente.engine.objectives.{name}" if name != "Objective" else "detente.Objective", found
            )
    return pages


def page(name: str) -> str:
    """One page of the reference, in Markdown."""
    title, says = INTRO[name]
    parts = [f"# {title}", says]
    for path, found in sorted(catalogue()[name].items(), key=lambda one: one[0].rsplit(".", 1)[-1].lower()):
        parts += [f"## {path.rsplit('.', 1)[-1]}", *_described(path, found)]
    return "\n\n".join(parts) + "\n"


def _described(path: str, found: Any) -> Iterator[str]:
    yield f"```python\n{_signature(path, found)}\n```"
    yield rendered(doc_of(path, found), _ranges(found))
    for name, member in members(found):
        kind = "property" if isinstance(member, property) or not callable(member) else "method"
        if kind == "method":
            yield f"**`{name}{_arguments(member)}`**"
        else:
            yield f"**`{name}`** *({kind})*"
        yield rendered(_doc(found, name))
    yield f"<small>Source: `{_source(path, found)}`</small>"


def members(found: Any) -> list[tuple[str, Any]]:
    """The public methods and properties of a class that détente itself defines, in the order of the source."""
    if not inspect.isclass(found):
        return []
    out: dict[str, Any] = {}
    for cls in reversed(found.__mro__):
        if not cls.__module__.startswith("detente") or cls.__name__ == "Component":
            continue
        for name, member in vars(cls).items():
            plain = getattr(member, "__func__", member)
            if not name.startswith("_") and (inspect.isfunction(plain) or _is_property(member)):
                if cls is found or inspect.isabstract(found) or not _inherited_alone(found):
                    out[name] = plain
    return list(out.items())


def _inherited_alone(found: type) -> bool:
    """Built-in regularizers, objectives and errors fill a contract; what it says stands at the contract."""
    return any(base.__name__ in ("Regularizer", "Objective", "Exception") for base in found.__mro__[1:])


def _is_property(member: Any) -> bool:
    return isinstance(member, property) or type(member).__name__ == "cached_property"


def _doc(found: type, name: str) -> str:
    return inspect.getdoc(getattr(found, name)) or ""


def doc_of(path: str, found: Any) -> str:
    """The docstring of a public name; of a value, what stands below its assignment."""
    if inspect.isclass(found) or inspect.isroutine(found):
        text = inspect.getdoc(found) or "" if not inspect.isclass(found) else inspect.cleandoc(found.__doc__ or "")
        return "" if re.match(rf"{getattr(found, '__name__', '')}\(", text) else text  # what dataclass writes
    module, name = _home(path)
    return _values(module).get(name, "")


def _home(path: str) -> tuple[str, str]:
    name = path.rsplit(".", 1)[-1]
    return detente._MODULE_OF.get(name) or {"TOYS": "detente.testing.check"}.get(name, path.rsplit(".", 1)[0]), name


@cache
def _values(module: str) -> dict[str, str]:
    """The strings below the assignments of a module, by name."""
    body = ast.parse(Path(importlib.import_module(module).__file__ or "").read_text(encoding="utf-8")).body
    found = {}
    for node, below in pairwise(body):
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            for target in [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", []):
                if isinstance(target, ast.Name):
                    found[target.id] = inspect.cleandoc(below.value.value)
    return found


def _signature(path: str, found: Any) -> str:
    name = path.rsplit(".", 1)[-1]
    prefix = f"from {path.rsplit('.', 1)[0]} import {name}\n\n"
    if inspect.isclass(found):
        takes = "" if issubclass(found, Exception) else _arguments(found)
        bases = ", ".join(b.__name__ for b in found.__bases__ if b is not object)
        return f"{prefix}class {name}{f'({bases})' if bases else ''}" + (f"\n{name}{takes}" if takes else "")
    if inspect.isroutine(found):
        return f"{prefix}{name}{_arguments(found)}"
    return f"{prefix}{name}"


def _arguments(found: Any) -> str:
    try:
        text = str(inspect.signature(found))
    except (TypeError, ValueError):
        return "(…)"
    text = re.sub(r"Annotated\[(\w+), Range\([^()]*\)\]", r"\1", text)  # its range stands beside its description
    text = re.sub(r"(?:\b[A-Za-z_]\w*\.)+(?=\w)", "", text)  # detente.engine.step.Step is Step here
    text = re.sub(r"(: |-> )'([^']+)'", r"\1\2", text)  # an annotation that was written as a string
    text = re.sub(r", _\w+: [^,()]+(?:\[[^]]*\])? = <factory>", "", text).replace("~S", "Sample")
    text = re.sub(r"\(\*args(?:: Any)?, \*\*\w+(?:: Any)?\).*", "()", text)  # what a base class takes and hands on
    text = re.sub(r"\(self(?:, )?", "(", text)
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def _source(path: str, found: Any) -> str:
    if inspect.isclass(found) or inspect.isfunction(found):
        found = inspect.unwrap(found)
        file = Path(inspect.getsourcefile(found) or "")
        return f"{file.relative_to(CORE).as_posix()}, line {inspect.getsourcelines(found)[1]}"
    module, _ = _home(path)
    return Path(importlib.import_module(module).__file__ or "").relative_to(CORE).as_posix()


def _ranges(found: Any) -> dict[str, str]:
    """What each option of a class may be, such as "0 or more and below 1", by name."""
    if not inspect.isclass(found) or issubclass(found, Exception):
        return {}
    told: dict[str, str] = {}
    for name, option in inspect.signature(found).parameters.items():
        for one in getattr(option.annotation, "__metadata__", ()):
            if isinstance(one, Range) and str(one):
                told[name] = str(one)
    return told


def rendered(doc: str, ranges: Mapping[str, str] = MappingProxyType({})) -> str:
    """A docstring in Google's form as Markdown: its sections as lists, its equations as they are typed."""
    out: list[str] = []
    inside = False
    for line in doc.splitlines():
        section = _SECTION.match(line)
        inside = bool(section) or (inside and (line.startswith("    ") or not line.strip()))
        out += ["", f"*{section[1]}:*", ""] if section else [_entry(line, ranges) if inside else line]
    text = "\n".join(out).strip()
    return re.sub(r"^(?=[^`\n]*   \()(.+)$", lambda m: f"```text\n{m[1].strip()}\n```", text, flags=re.MULTILINE)


def _entry(line: str, ranges: Mapping[str, str]) -> str:
    """A line of a section as one of a list; what continues an entry is indented further."""
    text = line.strip()
    if line.startswith("        ") or not text:
        return f"  {text}".rstrip()
    entry = re.match(r"([\w*.]+(?:, [\w*.]+)*): (.*)", text)
    if entry is None:
        return f"- {text}"
    told = (f"`{one}` ({ranges[one]})" if one in ranges else f"`{one}`" for one in entry[1].split(", "))
    return f"- {', '.join(told)}: {entry[2]}"


def lacking() -> list[str]:
    """What the reference does not say: names without a word, errors that are raised but not listed, shapes."""
    out = []
    for names in catalogue().values():
        for path, found in names.items():
            doc = doc_of(path, found)
            if not doc:
                out.append(f"{path} has no docstring")
            a_regularizer = inspect.isclass(found) and issubclass(found, Regularizer)
            chooses = CHOICES & set(inspect.signature(found).parameters) if a_regularizer else ()
            if chooses and "Raises" not in doc:
                out.append(f"{path} has {', '.join(sorted(chooses))} and does not say what is refused")
            for name, member in [("", found), *members(found)]:
                said = doc if not name else _doc(found, name)
                if name and not said:
                    out.append(f"{path}.{name} has no docstring")
                if inspect.isfunction(member) and "Tensor" in _arguments(member):
                    if not re.search(r"\[|scalar|shape", said + doc):
                        out.append(f"{path}{'.' * bool(name)}{name} has tensors and does not say of what shape")
                raised = _raised(member)
                if (
                    raised
                    and not (inspect.isclass(found) and not name)
                    and "Raises" not in said
                    and "Raises" not in doc
                ):
                    out.append(f"{path}{'.' * bool(name)}{name} raises {', '.join(sorted(raised))} and does not say so")
    return out


def _raised(member: Any) -> set[str]:
    """Errors of ours that a function raises in its own lines."""
    if not inspect.isfunction(member):
        return set()
    tree = ast.parse(textwrap.dedent(inspect.getsource(member)))
    calls = (node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise))
    names = {call.func.id for call in calls if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)}
    return {name for name in names if name.endswith(("Error", "Penalty", "Ineffective"))}
