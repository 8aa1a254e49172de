"""détente: generative adversarial networks under interchangeable regularizers.

The public names are imported when they are first used, so that `import detente` alone is light.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "detente.cache": ("Packed", "cache_folder", "packed"),
    "detente.combinators": ("Ramp", "annealed", "lazily"),
    "detente.domain": (
        "Augmentation",
        "Batch",
        "Data",
        "Domain",
        "Evaluation",
        "Leaf",
        "Metric",
        "Model",
        "Networks",
        "PackedData",
        "Primary",
        "Show",
        "Space",
    ),
    "detente.errors": ("DetenteError", "DivergedError", "PluginError", "StudyError", "UsageError"),
    "detente.game": ("Game",),
    "detente.gradients": (
        "input_gradient",
        "mix",
        "parameter_gradients",
        "position_sumsq",
        "safe_sqrt",
        "score",
    ),
    "detente.hookspecs": ("hookimpl",),
    "detente.layers": (
        "Layer",
        "Normalization",
        "after",
        "layers",
        "register_layer",
        "reparametrize",
        "weights",
    ),
    "detente.metrics": ("frechet_distance",),
    "detente.objectives": ("Objective",),
    "detente.player": ("Player",),
    "detente.regularizer": (
        "Chain",
        "LinearGame",
        "Moment",
        "Passes",
        "Regularizer",
        "chain",
        "named",
    ),
    "detente.sample": ("Sample", "batch_size", "detach", "each", "leaves", "lerp", "like", "sumsq"),
    "detente.step": ("Step",),
    "detente.streams": ("Stream", "current_entry"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from detente.cache import Packed as Packed
    from detente.cache import cache_folder as cache_folder
    from detente.cache import packed as packed
    from detente.combinators import Ramp as Ramp
    from detente.combinators import annealed as annealed
    from detente.combinators import lazily as lazily
    from detente.domain import Augmentation as Augmentation
    from detente.domain import Batch as Batch
    from detente.domain import Data as Data
    from detente.domain import Domain as Domain
    from detente.domain import Evaluation as Evaluation
    from detente.domain import Leaf as Leaf
    from detente.domain import Metric as Metric
    from detente.domain import Model as Model
    from detente.domain import Networks as Networks
    from detente.domain import PackedData as PackedData
    from detente.domain import Primary as Primary
    from detente.domain import Show as Show
    from detente.domain import Space as Space
    from detente.errors import DetenteError as DetenteError
    from detente.errors import DivergedError as DivergedError
    from detente.errors import PluginError as PluginError
    from detente.errors import StudyError as StudyError
    from detente.errors import UsageError as UsageError
    from detente.game import Game as Game
    from detente.gradients import input_gradient as input_gradient
    from detente.gradients import mix as mix
    from detente.gradients import parameter_gradients as parameter_gradients
    from detente.gradients import position_sumsq as position_sumsq
    from detente.gradients import safe_sqrt as safe_sqrt
    from detente.gradients import score as score
    from detente.hookspecs import hookimpl as hookimpl
    from detente.layers import Layer as Layer
    from detente.layers import Normalization as Normalization
    from detente.layers import after as after
    from detente.layers import layers as layers
    from detente.layers import register_layer as register_layer
    from detente.layers import reparametrize as reparametrize
    from detente.layers import weights as weights
    from detente.metrics import frechet_distance as frechet_distance
    from detente.objectives import Objective as Objective
    from detente.player import Player as Player
    from detente.regularizer import Chain as Chain
    from detente.regularizer import LinearGame as LinearGame
    from detente.regularizer import Moment as Moment
    from detente.regularizer import Passes as Passes
    from detente.regularizer import Regularizer as Regularizer
    from detente.regularizer import chain as chain
    from detente.regularizer import named as named
    from detente.sample import Sample as Sample
    from detente.sample import batch_size as batch_size
    from detente.sample import detach as detach
    from detente.sample import each as each
    from detente.sample import leaves as leaves
    from detente.sample import lerp as lerp
    from detente.sample import like as like
    from detente.sample import sumsq as sumsq
    from detente.step import Step as Step
    from detente.streams import Stream as Stream
    from detente.streams import current_entry as current_entry


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'detente' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)
