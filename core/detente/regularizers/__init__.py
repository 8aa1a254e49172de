"""One file per idea; each is readable beside the equation of its paper.

The classes are imported when they are first used: `from detente.regularizers import R1` needs torch alone.
"""

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "ADA": "ada",
    "AdaptiveClip": "adaptive_clip",
    "ApproxR1": "approx_r1",
    "ApproxR2": "approx_r1",
    "BatchNorm": "batch_norm",
    "ClipNorm": "clip_norm",
    "ClipValue": "clip_value",
    "Consensus": "consensus",
    "BCR": "consistency",
    "CR": "consistency",
    "DiffAugment": "diff_augment",
    "DRAGAN": "dragan",
    "Drift": "drift",
    "Dropout": "dropout",
    "EMA": "ema",
    "FeatureMatching": "feature_matching",
    "GradientNorm": "gradient_norm",
    "GradientPenalty": "gradient_penalty",
    "GroupNorm": "group_norm",
    "InstanceNoise": "instance_noise",
    "InstanceNorm": "instance_norm",
    "JacobianClamp": "jacobian_clamp",
    "L1": "l1",
    "L2": "l2",
    "LabelSmoothing": "label_smoothing",
    "LayerNorm": "layer_norm",
    "Lecam": "lecam",
    "Lookahead": "lookahead",
    "MaxGP": "max_gp",
    "MinibatchStddev": "minibatch_stddev",
    "ModeSeeking": "mode_seeking",
    "NagarajanKolter": "nagarajan_kolter",
    "Orthogonal": "orthogonal",
    "Packing": "packing",
    "PathLength": "path_length",
    "R1": "r1",
    "R2": "r2",
    "Roth": "roth",
    "SpectralNorm": "spectral_norm",
    "WeightClip": "weight_clip",
    "WeightDecay": "weight_decay",
    "WeightNorm": "weight_norm",
    "LatentSpread": "zcr",
    "ZCR": "zcr",
    "ZeroCentredGP": "zero_centred_gp",
}
__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from detente.regularizers.ada import ADA as ADA
    from detente.regularizers.adaptive_clip import AdaptiveClip as AdaptiveClip
    from detente.regularizers.approx_r1 import ApproxR1 as ApproxR1
    from detente.regularizers.approx_r1 import ApproxR2 as ApproxR2
    from detente.regularizers.batch_norm import BatchNorm as BatchNorm
    from detente.regularizers.clip_norm import ClipNorm as ClipNorm
    from detente.regularizers.clip_value import ClipValue as ClipValue
    from detente.regularizers.consensus import Consensus as Consensus
    from detente.regularizers.consistency import BCR as BCR
    from detente.regularizers.consistency import CR as CR
    from detente.regularizers.diff_augment import DiffAugment as DiffAugment
    from detente.regularizers.dragan import DRAGAN as DRAGAN
    from detente.regularizers.drift import Drift as Drift
    from detente.regularizers.dropout import Dropout as Dropout
    from detente.regularizers.ema import EMA as EMA
    from detente.regularizers.feature_matching import FeatureMatching as FeatureMatching
    from detente.regularizers.gradient_norm import GradientNorm as GradientNorm
    from detente.regularizers.gradient_penalty import GradientPenalty as GradientPenalty
    from detente.regularizers.group_norm import GroupNorm as GroupNorm
    from detente.regularizers.instance_noise import InstanceNoise as InstanceNoise
    from detente.regularizers.instance_norm import InstanceNorm as InstanceNorm
    from detente.regularizers.jacobian_clamp import JacobianClamp as JacobianClamp
    from detente.regularizers.l1 import L1 as L1
    from detente.regularizers.l2 import L2 as L2
    from detente.regularizers.label_smoothing import LabelSmoothing as LabelSmoothing
    from detente.regularizers.layer_norm import LayerNorm as LayerNorm
    from detente.regularizers.lecam import Lecam as Lecam
    from detente.regularizers.lookahead import Lookahead as Lookahead
    from detente.regularizers.max_gp import MaxGP as MaxGP
    from detente.regularizers.minibatch_stddev import MinibatchStddev as MinibatchStddev
    from detente.regularizers.mode_seeking import ModeSeeking as ModeSeeking
    from detente.regularizers.nagarajan_kolter import NagarajanKolter as NagarajanKolter
    from detente.regularizers.orthogonal import Orthogonal as Orthogonal
    from detente.regularizers.packing import Packing as Packing
    from detente.regularizers.path_length import PathLength as PathLength
    from detente.regularizers.r1 import R1 as R1
    from detente.regularizers.r2 import R2 as R2
    from detente.regularizers.roth import Roth as Roth
    from detente.regularizers.spectral_norm import SpectralNorm as SpectralNorm
    from detente.regularizers.weight_clip import WeightClip as WeightClip
    from detente.regularizers.weight_decay import WeightDecay as WeightDecay
    from detente.regularizers.weight_norm import WeightNorm as WeightNorm
    from detente.regularizers.zcr import ZCR as ZCR
    from detente.regularizers.zcr import LatentSpread as LatentSpread
    from detente.regularizers.zero_centred_gp import ZeroCentredGP as ZeroCentredGP


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'detente.regularizers' has no attribute {name!r}")
    return getattr(importlib.import_module(f"detente.regularizers.{_HOME[name]}"), name)
