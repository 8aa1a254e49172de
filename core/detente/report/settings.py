"""What a study says of settings, breakdowns and interactions: score against setting, and what goes with it."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from detente.errors import visible
from detente.report.charts import Axes, Series, chart, fitted
from detente.report.page import between, number, p_value, percent, signed
from detente.results.cells import Arm
from detente.results.pairing import unpaired
from detente.results.ranges import Ranges
from detente.results.statistics import wilson
from detente.results.study import Study
from detente.results.verdicts import Verdicts

Cell = tuple[str, str, str]
"""Text, what stands below it, and what it is sorted by."""


def settings_section(study: Study, verdicts: Verdicts) -> Markup:
    """The section; empty where no run broke down, nothing was varied and no two arms are joined in a third."""
    parts = [*_settings(study, verdicts), *_breakdowns(study, verdicts), *_interactions(study, verdicts)]
    parts += [Markup('<p class="note">{}</p>').format(visible(said)) for said in unpaired(study)]
    if not parts:
        return Markup("")
    title = "Settings and breakdowns" if study.settings else "Breakdowns and combinations"
    return Markup('<section id="settings">\n<h2>{}</h2>\n{}\n</section>').format(title, Markup("\n").join(parts))


def _settings(study: Study, verdicts: Verdicts) -> Iterable[Markup]:
    """For each domain the mean score of each arm at each setting, and its stability range."""
    if not study.settings:
        return
    yield Markup(
        "<p>Every arm was trained at {} settings, each with seeds of its own: {}. A setting with a seed is a block; "
        "blocks are independent, and verdicts rest on the differences of all of them.</p>"
    ).format(len(study.settings), visible("; ".join(one.name for one in study.settings)))
    for domain in study.domains:
        found = verdicts.ranges.get(domain)
        yield Markup("<h3><bdi>{}</bdi>: score against setting</h3>").format(visible(domain))
        if found:
            yield _chart(study, found)
            yield _table(*_range_rows(study, verdicts, found), f"Stability ranges in {domain}")
            yield Markup(
                '<p class="note">Octaves: the longest stretch of {} on which an arm’s mean score stays above {}, half '
                "of the best mean of any arm, with straight lines between the settings; ≥ where it is still above at "
                "the first or the last one, so that its range may be longer. The .95 intervals are bootstrapped over "
                "blocks; there is none with fewer than three seeds of each setting. A run that diverged counts as 0."
                "</p>"
            ).format(visible(found.key), number(found.threshold, 2))
        else:
            yield _table(*_setting_rows(study, verdicts, domain), f"Settings in {domain}")


def _chart(study: Study, found: Ranges) -> Markup:
    others = study.others
    lines = [
        Series(
            one.arm.text,
            _style(study, one.arm),
            list(zip(found.places, one.means, strict=True)),
            arm=study.arms.index(one.arm),
        )
        for one in sorted(found.arms, key=lambda one: one.arm in others)
    ]
    marks = list(zip(found.places, found.names, strict=True))
    inside = fitted([found.threshold, *(mean for one in found.arms for mean in one.means)])
    rules = [(found.threshold, "half of the best")]
    axes = Axes(
        x=(found.places[0], found.places[-1]), y=inside, rules=rules, marks=marks, width=600, height=310, right=150
    )
    title = f"Mean scaled score in {found.domain} at each {found.key}, one curve per arm"
    drawn = chart(lines, axes, visible(title), visible(found.key))
    return Markup(
        '<figure class="curves">{}<figcaption>Mean scaled score of all runs at a setting.</figcaption></figure>'
    ).format(drawn)


def _range_rows(study: Study, verdicts: Verdicts, found: Ranges) -> tuple[list[str], list[tuple[Arm, list[Cell]]]]:
    against = visible(study.against.text)
    head = [*(f"{found.key}={name}" for name in found.names), "octaves", f"more than {against}"]
    rows: list[tuple[Arm, list[Cell]]] = []
    for one in found.arms:
        cells = [
            (number(mean, 2), _broke(verdicts, found.domain, one.arm, _seeds(study, found, place)), str(mean))
            for place, mean in zip(found.places, one.means, strict=True)
        ]
        width = f"{'≥ ' if any(one.open) else ''}{one.octaves:.1f}"
        cells.append((width, between(one.interval, 1), str(one.octaves)))
        gain = "–" if one.gain is None else signed(one.gain, 1)
        cells.append((gain, between(one.gain_interval, 1), "" if one.gain is None else str(one.gain)))
        rows.append((one.arm, cells))
    return head, rows


def _seeds(study: Study, found: Ranges, place: float) -> set[int]:
    return {seed for one in study.settings if one.place(found.key) == place for seed in one.seeds}


def _setting_rows(study: Study, verdicts: Verdicts, domain: str) -> tuple[list[str], list[tuple[Arm, list[Cell]]]]:
    """Where settings cannot be laid out in octaves, or runs are open: the means alone."""
    rows: list[tuple[Arm, list[Cell]]] = []
    for arm in study.arms:
        finals = verdicts.finals(domain, arm)
        own = [[finals[seed] for seed in one.seeds if seed in finals] for one in study.settings]
        means = [sum(scores) / len(scores) if scores else None for scores in own]
        below = [_broke(verdicts, domain, arm, set(one.seeds)) for one in study.settings]
        rows.append((arm, [(number(m, 2), b, "" if m is None else str(m)) for m, b in zip(means, below, strict=True)]))
    return [one.name for one in study.settings], rows


def _broke(verdicts: Verdicts, domain: str, arm: Arm, seeds: set[int]) -> str:
    """How many of some runs broke down, where any did."""
    own = [score for seed, score in verdicts.finals(domain, arm).items() if seed in seeds]
    count = sum(score <= 0 for score in own)
    return f"{count} of {len(own)} broke down" if count else ""


def _breakdowns(study: Study, verdicts: Verdicts) -> Iterable[Markup]:
    """How often runs of each arm broke down, with intervals and tests."""
    rates = {(d, arm): verdicts.broken(d, arm) for d in study.domains for arm in study.arms}
    if not any(of for _, of, _ in rates.values()):
        return
    yield Markup("<h3>How often runs break down</h3>")
    if not any(count for count, _, _ in rates.values()):
        most = max(of for _, of, _ in rates.values())
        yield Markup("<p>No run diverged or scored 0. That leaves a rate of up to {} open for each arm.</p>").format(
            percent(wilson(0, most).high)
        )
        return
    rows: list[tuple[Arm, list[Cell]]] = []
    for arm in study.arms:
        cells: list[Cell] = []
        for domain in study.domains:
            count, of, interval = rates[domain, arm]
            rate = f"{percent(interval.low)} to {percent(interval.high)}" if of else ""
            compared = verdicts.of(domain, arm)
            p = compared.contrast.breakdowns.adjusted if compared else None
            said = ""
            if compared and p is not None:
                sign = compared.contrast.steadier
                word = "▲ fewer, " if sign > 0 else "▼ more, " if sign < 0 else ""
                said = f"; {word}p {p_value(p)}"
            cells.append((f"{count} of {of}" if of else "–", rate + said, str(count / of) if of else ""))
        rows.append((arm, cells))
    yield _table([visible(domain) for domain in study.domains], rows, "Breakdowns")
    tested = (
        f"p is the joint one of McNemar’s exact test against “{study.against.text}”, on the {study.pair_word}s on "
        "which one of the two broke down; ▲ and ▼ mark what is significant"
        if verdicts.complete
        else "Nothing is tested before all runs have ended"
    )
    yield Markup(
        '<p class="note">A run breaks down if it diverges or ends no better than an untrained generator. Below the '
        "counts is the .95 interval of the rate. {}. Differences of scores are of the other runs.</p>"
    ).format(visible(tested))


def _interactions(study: Study, verdicts: Verdicts) -> Iterable[Markup]:
    found = verdicts.interactions
    if not found:
        return
    yield Markup("<h3>Together and apart</h3>")
    rows = [
        (
            each.both,
            [
                (visible(each.domain), "", each.domain),
                *_sum(each.mean, each.interval, len(each.differences), each.pairs),
            ],
        )
        for each in found
    ]
    yield _table(["domain", "more than the sum of both", f"{study.pair_word}s"], rows, "Interactions")
    neither = visible(found[0].neither.text)
    yield Markup(
        '<p class="note">Δ of the arm that has both, less Δ of the one and Δ of the other, all against “{}”, on the '
        "{}s on which none of the four broke down, with its .95 interval. Above 0 the two help each other, below 0 "
        "each adds less once the other is there. These are estimates beside the verdicts, not tests.</p>"
    ).format(neither, study.pair_word)


def _sum(mean: float | None, interval: Sequence[float] | None, sound: int, pairs: int) -> list[Cell]:
    below = between(interval) if interval else "no interval"
    return [
        (signed(mean), below, "" if mean is None else str(mean)),
        (str(sound), f"of {pairs}" * (sound < pairs), str(sound)),
    ]


def _table(head: Sequence[str], rows: Sequence[tuple[Arm, Sequence[Cell]]], label: str) -> Markup:
    columns = Markup("").join(
        Markup('<th scope="col"><bdi>{}</bdi></th>').format(visible(name)) for name in ("arm", *head)
    )
    body = Markup("\n").join(
        Markup('<tr><th scope="row"><bdi>{}</bdi></th>{}</tr>').format(
            visible(arm.text),
            Markup("").join(
                Markup('<td data-sort="{}">{}{}</td>').format(
                    sort, text, Markup("<small>{}</small>").format(below) if below else ""
                )
                for text, below, sort in cells
            ),
        )
        for arm, cells in rows
    )
    return Markup(
        '<div class="wide" tabindex="0" role="region" aria-label="{}, scrolls sideways">\n<table class="sortable">\n'
        "<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody>\n</table>\n</div>"
    ).format(visible(label), columns, body)


def _style(study: Study, arm: Arm) -> int:
    return 0 if arm == study.against else 1 + study.others.index(arm)
