"""`python docs/generate.py`: writes what the pages say of the registry between its marks; `--check` only compares.

A regularizer's line comes from its registration (name, summary), its class (points, player) and its card (the row
`family`), so that no list has to be edited.
"""

import re
import sys
from pathlib import Path

from detente.plugins import discover
from detente.plugins.registry import Entry

DOCS = Path(__file__).resolve().parent
CARDS = DOCS / "cards"

FAMILIES = {
    "weights and gradients": "penalties, decay, clipping and averages of a player's own weights and gradients",
    "layers": "normalization, dropout and other changes inside the network",
    "critic gradients": "penalties on the gradient of the critic with respect to its input",
    "critic scores": "penalties on the values that the critic returns",
    "critic inputs": "noise and augmentation of what the critic sees",
    "generator outputs": "penalties on the samples that the generator makes",
    "both players": "penalties on the gradients of the players' losses with respect to their weights",
}


def built_in(kind: str) -> list[Entry]:
    """What the core itself registers of one kind, in alphabetical order."""
    return sorted((e for e in discover().entries(kind) if e.distribution == "detente"), key=lambda e: e.name)  # type: ignore[arg-type]


def family(name: str) -> str:
    """The family that a card states."""
    card = CARDS / f"{name}.md"
    if not card.is_file():
        sys.exit(f"{name} is registered but has no card: write docs/cards/{name}.md, with the sections of cards/r1.md.")
    found = re.findall(r"^\| family \| (.*) \|$", card.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if len(found) != 1 or found[0] not in FAMILIES:
        sys.exit(f"docs/cards/{name}.md needs one row '| family | … |' with one of: {', '.join(FAMILIES)}.")
    return found[0]


def families() -> dict[str, list[Entry]]:
    """All regularizers of the core by family."""
    groups: dict[str, list[Entry]] = {name: [] for name in FAMILIES}
    for entry in built_in("regularizer"):
        groups[family(entry.name)].append(entry)
    return groups


def readme() -> str:
    """The catalogue in the README."""
    groups = families()
    count = sum(map(len, groups.values()))
    lines = [f"- **{count} regularizers**, each with a [card](docs/cards/index.md): equation, options, cost, source."]
    lines += [f"  - {name}: {', '.join(f'`{e.name}`' for e in entries)}" for name, entries in groups.items()]
    names = ", ".join(f"`{e.name}`" for e in built_in("objective"))
    return "\n".join([*lines, f"- **{len(built_in('objective'))} adversarial losses**: {names}."])


def index() -> str:
    """The tables of docs/cards/index.md."""
    parts = [""]
    for name, entries in families().items():
        parts += [f"## {name.capitalize()}", "", f"{FAMILIES[name].capitalize()}.", ""]
        parts += ["| name | what it does | acts at | default player |", "|---|---|---|---|"]
        for e in entries:
            cls = e.load()
            points = ", ".join(f"`{p}`" for p in sorted(cls().defines() - {"attach"}))
            summary = e.summary.replace("|", "\\|")
            parts.append(f"| [{e.name}]({e.name}.md) | {summary} | {points} | {cls.players[0]} |")
        parts.append("")
    return "\n".join(parts).rstrip()


def navigation() -> str:
    """The cards in mkdocs.yml, a menu for each family."""
    lines = []
    for name, entries in families().items():
        lines += [f"      - {name.capitalize()}:"]
        lines += [f"          - {e.name}: cards/{e.name}.md" for e in entries]
    return "\n".join(lines)


PAGES = {
    DOCS.parent / "README.md": ("<!-- generated: regularizers -->\n", readme, "<!-- end of generated -->"),
    CARDS / "index.md": ("<!-- generated: cards -->\n", index, "<!-- end of generated -->"),
    DOCS.parent / "mkdocs.yml": ("      # generated: cards\n", navigation, "      # end of generated"),
}


def main() -> None:
    """Write the pages, or with `--check` name those that are out of date and end with 1."""
    stale = []
    for page, (begin, contents, end) in PAGES.items():
        text = page.read_text(encoding="utf-8")
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            sys.exit(f"{page.name} has lost its marks {begin.strip()!r} and {end.strip()!r}: put them back.")
        wanted = f"{before}{begin}{contents()}\n{end}{after}"
        if wanted != text:
            stale.append(str(page.relative_to(DOCS.parent)))
            if "--check" not in sys.argv:
                page.write_text(wanted, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"{', '.join(stale)}: not what the registry says. Run `make index` and commit what it writes.")


if __name__ == "__main__":
    main()
