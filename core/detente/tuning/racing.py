"""When a trial is given up before it has had all its seeds."""

import math

from detente.trials import Noise, Trial

ERRORS = 3.0
"""How many standard errors behind is hopeless: of a thousand trials as good as the incumbent about one is lost."""
FREEDOM = 3
"""Degrees of freedom from which an estimate of the noise is relied on."""


def hopeless(trial: Trial, incumbent: Trial | None, noise: Noise | None) -> bool:
    """Whether a trial is too far behind the best complete one, on the seeds that it has had.

    With paired differences d_i = incumbent − trial over its k seeds, it is given up where mean(d) > 3·s·√(2/k); s is
    the deviation of one score once seeds and trials are taken out, pooled over the complete trials (`Noise`). While
    that is not known with 3 degrees of freedom, nothing is given up.
    """
    if incumbent is None or noise is None or noise.freedom < FREEDOM:
        return False
    shared = trial.scores.keys() & incumbent.scores.keys()
    if not shared:
        return False
    behind = math.fsum(incumbent.scores[seed] - trial.scores[seed] for seed in shared) / len(shared)
    return behind > ERRORS * noise.deviation * math.sqrt(2 / len(shared))
