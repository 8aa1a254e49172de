"""What a page says of the settings of a study, of two arms in one, and of which arms stand above which."""

from collections.abc import Iterator

from bench.markdown import code, escaped, table, within
from detente.report.domains import DomainPart
from detente.report.page import number, signed
from detente.results.ranges import Range
from detente.results.study import Study
from detente.results.verdicts import Verdicts


def settings(study: Study, verdicts: Verdicts, domain: str) -> Iterator[str]:
    """The mean score of each arm at each setting, and over how many octaves it stays usable."""
    found = verdicts.ranges.get(domain)
    if found is None:
        return
    yield from (f"### Score against {escaped(found.key)}", "")
    yield f"Mean scaled score at each setting. The stability range is the longest stretch of {escaped(found.key)}, in"
    yield f"octaves, on which the mean stays above {number(found.threshold, 2)}, half of the best mean of any arm; ≥ if"
    yield from ("it goes on beyond the settings. Its .95 interval is bootstrapped over blocks.", "")
    head = ["arm", *(f"{found.key}={name}" for name in found.names), "octaves", f"more than {study.against.text}"]
    yield from table(head, [_range(one) for one in found.arms])


def _range(one: Range) -> list[str]:
    octaves = f"{'≥ ' if any(one.open) else ''}{one.octaves:.1f}"
    gain = "–" if one.gain is None else within(signed(one.gain, 1), one.gain_interval, 1)
    return [code(one.arm), *(number(mean, 2) for mean in one.means), within(octaves, one.interval, 1), gain]


def tiers(domain: DomainPart) -> Iterator[str]:
    """Which arms stand above which, by the verdicts between every two."""
    found = domain.tiers
    if not found.ranked:
        return
    parts = [f"**{letter}**: {', '.join(map(code, tier))}" for letter, tier in found.named]
    parts.append(f"undecided: {', '.join(map(code, found.undecided))}" if found.undecided else "none is left undecided")
    yield from (
        f"Tiers, from the verdicts between every two arms: {'; '.join(parts)}. Within a tier the order is open.",
        "",
    )


def together(verdicts: Verdicts) -> Iterator[str]:
    """What two regularizers do together beyond what each does alone."""
    found = verdicts.interactions
    if not found:
        return
    yield from ("## Together and apart", "")
    yield "Δ of the arm that has both, less Δ of the one and Δ of the other, all against"
    yield f"{code(found[0].neither)}: above 0 the two help each other, below 0 each adds less once the other is there."
    yield from ("These are estimates, not tests.", "")
    rows = [
        [
            code(one.both),
            escaped(one.domain),
            within(signed(one.mean), one.interval),
            f"{len(one.differences)} of {one.pairs}",
        ]
        for one in found
    ]
    yield from table(["arm", "domain", "more than the sum of both", "pairs"], rows)
