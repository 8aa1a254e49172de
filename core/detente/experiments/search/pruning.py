"""When a trial is given up before it has had all its seeds."""

import math

from scipy import stats

from detente.results.search import Noise, Trial

LOST = 1e-3
"""Of trials as good as the incumbent this share is given up after a seed, if scores are normal."""


def hopeless(trial: Trial, incumbent: Trial | None, noise: Noise | None) -> bool:
    """Whether a trial is too far behind the best complete one, on the seeds that it has had.

    With paired differences d_i = incumbent − trial over its k seeds, it is given up where mean(d) > t·s·√(2/k). s is
    the deviation of one score once seeds and trials are taken out, pooled over the complete trials (`Noise`), and t the
    upper .001 quantile of Student's distribution with that estimate's degrees of freedom: 3.2 once s is well known,
    10.2 while it rests on four trials with two seeds.
    """
    if incumbent is None or noise is None:
        return False
    shared = trial.scores.keys() & incumbent.scores.keys()
    if not shared:
        return False
    behind = math.fsum(incumbent.scores[seed] - trial.scores[seed] for seed in shared) / len(shared)
    return behind > float(stats.t.isf(LOST, noise.freedom)) * noise.deviation * math.sqrt(2 / len(shared))
