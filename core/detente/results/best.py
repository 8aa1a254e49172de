"""The run to go on with, and the command that uses it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from detente.results.outcomes import Outcome


def best_run(outcomes: Sequence[Outcome], domain: str) -> Outcome | None:
    """The run of a domain that finished with the highest scaled score, the first of several.

    None where no run is above 0: what is no better than an untrained generator is nothing to go on with.
    """
    scored = [o for o in outcomes if o.cell.domain == domain and o.status == "finished" and (o.final or 0.0) > 0]
    return max(scored, key=lambda outcome: outcome.final or 0.0, default=None)


def sampling(folder: Path, n: int = 16) -> str:
    """The command that draws samples of a run, quoted for a shell."""
    return quoted("sample", folder, "-n", n)


def quoted(*words: object) -> str:
    """A command of détente as it can be pasted into a shell."""
    return shlex.join(["detente", *map(str, words)])
