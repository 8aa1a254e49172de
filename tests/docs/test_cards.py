"""A card says what the class says: equation, options, points, player, inactive setting, cost and log lines."""

import inspect
import re
from functools import cache
from pathlib import Path

import pytest

from detente import recipe
from detente.engine.regularizer import Passes, Regularizer
from detente.errors import UsageError
from detente.plugins import discover
from detente.testing import TOYS
from detente.training.build import build

CARDS = Path(__file__).parents[2] / "docs" / "cards"
NAMES = sorted(page.stem for page in CARDS.glob("*.md") if page.stem != "index")


def read(name: str) -> str:
    return (CARDS / f"{name}.md").read_text(encoding="utf-8")


def named(name: str) -> type[Regularizer]:
    return discover().load("regularizer", name)


def row(card: str, key: str) -> str:
    """What a card's table has beside a key; nothing where there is no such row."""
    found = re.findall(rf"^\| {key} \| (.*) \|$", card, flags=re.MULTILINE)
    assert len(found) <= 1, f"the card has {len(found)} rows '{key}'"
    return found[0] if found else ""


def equation_of_class(cls: type[Regularizer]) -> list[str]:
    """The lines of the docstring's second paragraph without the citation behind them."""
    assert cls.__doc__ is not None
    paragraph = inspect.cleandoc(cls.__doc__).split("\n\n")[1]
    assert re.search(r" {3}\(.*\d{4}", paragraph), f"{cls.__name__}: no equation with its citation below the first line"
    return [re.sub(r" {3,}\(.*\)$", "", line) for line in paragraph.split("\n")]


def equation_of_card(card: str) -> list[str]:
    """The lines of the block in front of the table. What stands behind eight spaces explains and is not compared."""
    block = card.split("```text\n", 1)[1].split("```", 1)[0]
    return [line for text in block.strip("\n").split("\n") if (line := text.split(" " * 8)[0])]


def plain(lines: list[str]) -> str:
    """Equations apart from how they are spaced."""
    return "\n".join(re.sub(r"\s", "", line) for line in lines)


def in_words(passes: Passes) -> str:
    """How a card states extra passes."""
    names = ("critic forward", "generator forward", "backward")
    return (
        ", ".join(f"{n} {what}{'s'[: n != 1]}" for n, what in zip(passes, names, strict=True) if n) or "no extra pass"
    )


def cost_of_class(cls: type[Regularizer]) -> str:
    """The beginning of the card's row `cost`, by player where they differ."""
    roles = [role for role in ("discriminator", "generator") if role in cls.players]
    stated = {role: in_words(cls().passes(role)) for role in roles}  # type: ignore[arg-type]
    if len(set(stated.values())) == 1:
        return next(iter(stated.values()))
    return "; ".join(f"{role}: {words}" for role, words in stated.items())


@cache
def log_of_class(name: str) -> frozenset[str]:
    """What one step on the first toy that has what it needs adds to the log."""
    cls = named(name)
    if "penalty" not in cls().defines() and cls.report is Regularizer.report:
        return frozenset()
    where = {"discriminator": "d:", "generator": "g:", "both": "both:"}[cls.players[0]]
    for toy in TOYS:
        try:
            built = build(recipe.load(domain=toy, regs=[where + name], sets=["batch=8", "steps=1"]))
            built.game.step(built.prepare(built.data.batch(list(range(8)))))
        except UsageError:
            continue
        players = {"D": built.game.discriminator, "G": built.game.generator}
        logged = {f"{letter}/{key}" for letter, p in players.items() for key in p.regularizer.report(p.network)}
        return frozenset(logged | {key for key in built.game.terms() if key.split("/")[1] == name})
    raise AssertionError(f"no toy takes {name}")


def faults(name: str, card: str) -> list[str]:
    """What a card says that its class does not."""
    cls = named(name)
    found = []
    ours, theirs = equation_of_card(card), equation_of_class(cls)
    if plain(ours) != plain(theirs):
        found.append(f"the equation is {ours}, the docstring of {cls.__name__} has {theirs}")
    if not row(card, "cost").startswith(cost := cost_of_class(cls)):
        found.append(f"the row 'cost' must begin with what passes() states: {cost}")
    if (stated := set(re.findall(r"`([DG]/[^`]*)`", row(card, "log")))) != (logged := log_of_class(name)):
        found.append(f"the row 'log' has {sorted(stated)}, a step logs {sorted(logged)}")
    table = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", card, flags=re.MULTILINE)
    if table != (options := [(p.name, repr(p.default)) for p in inspect.signature(cls).parameters.values()]):
        found.append(f"the options are {table}, those of the class {options}")
    # Dropout's adjust_weights only hands on an annealed p, and a point that is not drawn on the card does no harm to a
    # reader; one that is drawn and absent does.
    if absent := set(re.findall(r"`(\w+)`", row(card, "acts at"))) - cls().defines():
        found.append(f"it acts at {sorted(absent)}, which the class does not define")
    off = [(key, f"{value:g}") for key, value in (cls.off or {}).items()]
    if re.findall(r"`(\w+): (\d+)`", row(card, "inactive")) != off:
        found.append(f"the inactive setting of the class is {off}")
    if not row(card, "applied to").startswith(player := {"both": "both players"}.get(cls.players[0], cls.players[0])):
        found.append(f"by default it is applied to {player}")
    return [f"docs/cards/{name}.md: {fault}." for fault in found]


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_what_the_class_says(name: str) -> None:
    assert faults(name, read(name)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("γ/2 · E_{x~p_D}", "γ · E_{x~p_D}", "the equation is"),
        (
            "| cost | 1 backward",
            "| cost | no extra pass",
            "the row 'cost' must begin with what passes() states: 1 back",
        ),
        ("| log | `D/r1` |", "| log | `G/r1` |", "the row 'log' has ['G/r1'], a step logs ['D/r1']"),
        ("| log | `D/r1` |\n", "", "the row 'log' has [], a step logs ['D/r1']"),
        ("| `gamma` | `10.0` |", "| `gamma` | `1.0` |", "the options are"),
        ("| acts at | `penalty` |", "| acts at | `augment` |", "it acts at ['augment']"),
        ("`gamma: 0`", "`gamma: 1`", "the inactive setting of the class is [('gamma', '0')]"),
        ("| applied to | discriminator", "| applied to | generator", "by default it is applied to discriminator"),
    ],
)
def test_a_mistake_on_a_card_is_told(right: str, wrong: str, complaint: str) -> None:
    card = read("r1")
    assert right in card
    (fault,) = faults("r1", card.replace(right, wrong))
    assert fault.startswith(f"docs/cards/r1.md: {complaint}")


@pytest.mark.slow
def test_passes_in_the_table_of_costs_are_those_of_the_classes() -> None:
    page = (CARDS.parent / "explanation" / "cost.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| \[([\w-]+)\]\(.*\.md\) \|.*\| ([^|]+) \|$", page, flags=re.MULTILINE))
    default = {name: named(name).players[0].replace("both", "discriminator") for name in NAMES}
    passes = {name: named(name)().passes(default[name])._asdict() for name in NAMES}  # type: ignore[arg-type]
    assert stated == {
        name: ", ".join(f"{n} {key.replace('gradient', 'backward')}" for key, n in counts.items() if n) or "none"
        for name, counts in passes.items()
    }
