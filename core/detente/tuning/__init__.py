"""The search for a setting that suits a domain: what is searched, in which order, and when a trial is given up.

Read in this order: ranges and reading (what `--search` says), samplers (which settings to try), racing (when a trial is
hopeless), engine (the loop), planning (what a call would do), carrying (the runs, and what comes after the search).
"""

from detente.tuning.carrying import resume, tune
from detente.tuning.engine import Search
from detente.tuning.planning import Wish, plan
from detente.tuning.samplers import GridSearch, RandomSearch, Sampler, TreeParzen, sampler

__all__ = [
    "GridSearch",
    "RandomSearch",
    "Sampler",
    "Search",
    "TreeParzen",
    "Wish",
    "plan",
    "resume",
    "sampler",
    "tune",
]
