"""The search for a setting that suits a domain: what is searched, in which order, and when a trial is given up.

Read in this order: space and reading (what `--search` says), samplers (which settings to try), pruning (when a trial is
hopeless), loop, planning (what a call would do), carrying (the runs, and what comes after the search).
"""

from detente.experiments.search.carrying import resume, tune
from detente.experiments.search.loop import Search
from detente.experiments.search.planning import Wish, plan
from detente.experiments.search.samplers import GridSearch, RandomSearch, Sampler, TreeParzen, sampler

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
