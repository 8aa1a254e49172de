"""détente: generative adversarial networks under interchangeable regularizers.

The public names are imported when they are first used, so that `import detente` alone is light.
"""

import importlib
import warnings
from typing import TYPE_CHECKING, Any

from detente import _moved

__version__ = "0.1.0"

_HOME = {
    "detente.domains.baselines": ("gaussian_like",),
    "detente.domains.cache": ("cache_folder",),
    "detente.domains.classes": ("ClassBeside", "Projection", "classes_of"),
    "detente.domains.contracts": ("Data", "Domain", "Evaluation", "Metric", "Model", "Networks", "ProgressCallback"),
    "detente.domains.cuts": ("CLASS_MEANS", "Asked", "Bins", "Cut", "class_accuracy", "class_means", "cut"),
    "detente.domains.folders": ("counted", "files_below", "found_below"),
    "detente.domains.frozen": ("Frozen",),
    "detente.domains.initialization": ("variance_preserving",),
    "detente.domains.metrics": ("frechet_distance", "paired"),
    "detente.domains.room": ("check_memory",),
    "detente.domains.packed": ("Packed", "PackedData", "packed"),
    "detente.domains.primary": ("Primary",),
    "detente.domains.sources": (
        "archived",
        "enumerated",
        "file_of",
        "folder_of",
        "package_file",
        "shown",
        "shuffled",
        "stamps",
        "text_lines",
    ),
    "detente.engine.absent": ("Tensors",),
    "detente.engine.combinators": ("Ramp", "annealed", "lazily"),
    "detente.engine.equalized": ("equalize",),
    "detente.engine.game": ("Game",),
    "detente.engine.gradients": (
        "input_gradient",
        "mix",
        "parameter_gradients",
        "position_sumsq",
        "safe_sqrt",
        "score",
    ),
    "detente.engine.layers": (
        "Layer",
        "Normalization",
        "after",
        "layers",
        "register_layer",
        "reparametrize",
        "weights",
    ),
    "detente.engine.network": ("Network",),
    "detente.engine.objectives": ("Objective",),
    "detente.engine.options": (
        "Count",
        "Finite",
        "Fraction",
        "NonNegative",
        "Positive",
        "Probability",
        "Range",
        "Whole",
    ),
    "detente.engine.player": ("Player",),
    "detente.engine.chain": ("Chain", "chain"),
    "detente.engine.ranks": ("joint_batch", "own_rows"),
    "detente.engine.regularizer": ("LinearGame", "Passes", "Regularizer", "named"),
    "detente.engine.sample": (
        "Augmentation",
        "Batch",
        "Leaf",
        "Sample",
        "Space",
        "batch_size",
        "detach",
        "each",
        "leaves",
        "lerp",
        "like",
        "sumsq",
    ),
    "detente.engine.step": ("Moment", "Step"),
    "detente.engine.streams": ("Stream", "current_pass"),
    "detente.errors": ("DetenteError", "DivergedError", "PluginError", "StudyError", "UsageError"),
    "detente.files": ("staged",),
    "detente.hookspecs": ("hookimpl",),
    "detente.experiments.using": ("load",),
    "detente.loops": ("attach",),
    "detente.training.export": ("load_exported",),
    "detente.training.generator": ("Generator", "Samples"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
_RENAMED = {"Show": "ProgressCallback", "current_entry": "current_pass"}
"""Public names until 0.1; they work for one more release."""
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from detente.domains.baselines import gaussian_like as gaussian_like
    from detente.domains.cache import cache_folder as cache_folder
    from detente.domains.classes import ClassBeside as ClassBeside
    from detente.domains.classes import Projection as Projection
    from detente.domains.classes import classes_of as classes_of
    from detente.domains.contracts import Data as Data
    from detente.domains.contracts import Domain as Domain
    from detente.domains.contracts import Evaluation as Evaluation
    from detente.domains.contracts import Metric as Metric
    from detente.domains.contracts import Model as Model
    from detente.domains.contracts import Networks as Networks
    from detente.domains.contracts import ProgressCallback as ProgressCallback
    from detente.domains.cuts import CLASS_MEANS as CLASS_MEANS
    from detente.domains.cuts import Asked as Asked
    from detente.domains.cuts import Bins as Bins
    from detente.domains.cuts import Cut as Cut
    from detente.domains.cuts import class_accuracy as class_accuracy
    from detente.domains.cuts import class_means as class_means
    from detente.domains.cuts import cut as cut
    from detente.domains.folders import counted as counted
    from detente.domains.folders import files_below as files_below
    from detente.domains.folders import found_below as found_below
    from detente.domains.frozen import Frozen as Frozen
    from detente.domains.initialization import variance_preserving as variance_preserving
    from detente.domains.metrics import frechet_distance as frechet_distance
    from detente.domains.metrics import paired as paired
    from detente.domains.packed import Packed as Packed
    from detente.domains.packed import PackedData as PackedData
    from detente.domains.packed import packed as packed
    from detente.domains.primary import Primary as Primary
    from detente.domains.room import check_memory as check_memory
    from detente.domains.sources import archived as archived
    from detente.domains.sources import enumerated as enumerated
    from detente.domains.sources import file_of as file_of
    from detente.domains.sources import folder_of as folder_of
    from detente.domains.sources import package_file as package_file
    from detente.domains.sources import shown as shown
    from detente.domains.sources import shuffled as shuffled
    from detente.domains.sources import stamps as stamps
    from detente.domains.sources import text_lines as text_lines
    from detente.engine.absent import Tensors as Tensors
    from detente.engine.chain import Chain as Chain
    from detente.engine.chain import chain as chain
    from detente.engine.combinators import Ramp as Ramp
    from detente.engine.combinators import annealed as annealed
    from detente.engine.combinators import lazily as lazily
    from detente.engine.equalized import equalize as equalize
    from detente.engine.game import Game as Game
    from detente.engine.gradients import input_gradient as input_gradient
    from detente.engine.gradients import mix as mix
    from detente.engine.gradients import parameter_gradients as parameter_gradients
    from detente.engine.gradients import position_sumsq as position_sumsq
    from detente.engine.gradients import safe_sqrt as safe_sqrt
    from detente.engine.gradients import score as score
    from detente.engine.layers import Layer as Layer
    from detente.engine.layers import Normalization as Normalization
    from detente.engine.layers import after as after
    from detente.engine.layers import layers as layers
    from detente.engine.layers import register_layer as register_layer
    from detente.engine.layers import reparametrize as reparametrize
    from detente.engine.layers import weights as weights
    from detente.engine.network import Network as Network
    from detente.engine.objectives import Objective as Objective
    from detente.engine.options import Count as Count
    from detente.engine.options import Finite as Finite
    from detente.engine.options import Fraction as Fraction
    from detente.engine.options import NonNegative as NonNegative
    from detente.engine.options import Positive as Positive
    from detente.engine.options import Probability as Probability
    from detente.engine.options import Range as Range
    from detente.engine.options import Whole as Whole
    from detente.engine.player import Player as Player
    from detente.engine.ranks import joint_batch as joint_batch
    from detente.engine.ranks import own_rows as own_rows
    from detente.engine.regularizer import LinearGame as LinearGame
    from detente.engine.regularizer import Passes as Passes
    from detente.engine.regularizer import Regularizer as Regularizer
    from detente.engine.regularizer import named as named
    from detente.engine.sample import Augmentation as Augmentation
    from detente.engine.sample import Batch as Batch
    from detente.engine.sample import Leaf as Leaf
    from detente.engine.sample import Sample as Sample
    from detente.engine.sample import Space as Space
    from detente.engine.sample import batch_size as batch_size
    from detente.engine.sample import detach as detach
    from detente.engine.sample import each as each
    from detente.engine.sample import leaves as leaves
    from detente.engine.sample import lerp as lerp
    from detente.engine.sample import like as like
    from detente.engine.sample import sumsq as sumsq
    from detente.engine.step import Moment as Moment
    from detente.engine.step import Step as Step
    from detente.engine.streams import Stream as Stream
    from detente.engine.streams import current_pass as current_pass
    from detente.errors import DetenteError as DetenteError
    from detente.errors import DivergedError as DivergedError
    from detente.errors import PluginError as PluginError
    from detente.errors import StudyError as StudyError
    from detente.errors import UsageError as UsageError
    from detente.experiments.using import load as load
    from detente.files import staged as staged
    from detente.hookspecs import hookimpl as hookimpl
    from detente.loops import attach as attach
    from detente.training.export import load_exported as load_exported
    from detente.training.generator import Generator as Generator
    from detente.training.generator import Samples as Samples

    Show = ProgressCallback


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        new = _RENAMED[name]
        warnings.warn(
            f"detente.{name} is called detente.{new} now; its old name goes with the next release.",
            DeprecationWarning,
            stacklevel=2,
        )
        name = new
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'detente' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


_moved.install()
