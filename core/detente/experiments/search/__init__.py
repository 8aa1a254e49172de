"""How a search goes: what is searched, in which order, and when a trial is given up.

Read in this order: request (what a call asks for), space and reading (what `--search` says), samplers (which settings
to try), pruning (when a trial is hopeless), loop, storage, rivals. `detente.experiments.tune` has its runs trained.
"""

from detente.experiments.search.loop import Search
from detente.experiments.search.request import Wish
from detente.experiments.search.samplers import GridSearch, RandomSearch, Sampler, TreeParzen, sampler

__all__ = ["GridSearch", "RandomSearch", "Sampler", "Search", "TreeParzen", "Wish", "sampler"]
