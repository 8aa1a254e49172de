"""A chain as text, made at once: for one network of which there is no recipe."""

from typing import Annotated

from annotated_types import Ge

from detente import plugins
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.plugins import Host
from detente.recipe.chains import current, parse_links
from detente.recipe.components import RegularizerPart, load_component
from detente.recipe.options import read

SOURCE = "chain"


def regularizers(text: str, host: Host | None = None) -> list[Regularizer]:
    """The regularizers of "spectral-norm + r1(gamma=10, every=16)", which belong to one network.

    Raises:
        UsageError: the text is malformed, or a regularizer is unknown or refuses an option.
        PluginError: a regularizer cannot be loaded.
    """
    host = host or plugins.host()
    made: dict[str, Regularizer] = {}
    for link in parse_links(text):
        if link.sides:
            raise UsageError(
                f"{SOURCE}: {text!r} names a player; the chain belongs to one network. Leave out its prefix."
            )
        kind = current(link.kind, host)
        name = link.name or next(n for n in (kind, *(f"{kind}-{i}" for i in range(2, 99))) if n not in made)
        if name in made:
            raise UsageError(f"{SOURCE}: two regularizers are called {name!r}; rename one of them.")
        made[name] = _made(host, kind, name, dict(link.options))
    return list(made.values())


def _made(host: Host, kind: str, name: str, options: dict) -> Regularizer:
    part = RegularizerPart.of(load_component(host, "regularizer", kind), name, options)
    problems = [(f"{name}.{option}", text) for option, text in part.checked.problems]
    if part.every is not None:
        try:
            read(Annotated[int, Ge(1)], part.every)
        except ValueError as error:
            problems.append((f"{name}.every", str(error)))
    for option, line in part.checked.lines.items():
        if line.over <= 1:
            problems.append(
                (f"{name}.{option}", f"has over={line.over:g}, a share of a run; give a number of updates.")
            )
    if problems:
        raise UsageError("\n".join(f"{SOURCE}: {key} {text}" for key, text in problems))
    return part.make()
