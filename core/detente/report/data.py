"""The section "Data" of a page: what was trained and scored on, and what became of the user's files."""

from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape

from detente.errors import visible, visible_name
from detente.results.facts import DataFacts


def data_section(facts: Mapping[str, DataFacts]) -> Markup:
    """The facts of each domain, under its name where there are several; nothing where none are known."""
    known = {name: one for name, one in facts.items() if one}
    if not known:
        return Markup()
    parts = [part for name, one in known.items() for part in _lines(name if len(facts) > 1 else "", one)]
    return Markup('<section id="data">\n<h2>Data</h2>\n{}\n</section>').format(Markup("\n").join(parts))


def _lines(name: str, facts: DataFacts) -> Iterable[Markup]:
    if name:
        yield Markup("<h3><bdi>{}</bdi></h3>").format(_text(name))
    if facts.source:
        yield Markup("<p>From <bdi>{}</bdi>.</p>").format(_text(visible_name(facts.source)))
    if facts.counts:
        yield Markup("<p>{}</p>").format(facts.counts)
    if facts.licence:
        yield Markup("<p>Licence: <bdi>{}</bdi>.</p>").format(_text(facts.licence))
    if facts.notes:
        items = Markup("\n").join(Markup("<li><bdi>{}</bdi></li>").format(_text(note)) for note in facts.notes)
        yield Markup("<ul>\n{}\n</ul>").format(items)


def _text(text: str) -> Markup:
    return escape(visible(text.rstrip(".") if text.endswith("..") else text))
