"""Reference networks for images: convolutional, residual, fully connected.

None has normalization or dropout of its own: those are regularizers here. Without it the scale of activations is up to
the initialization, so weights start such that layers keep the variance of their input.
"""

from detente_image.networks.convolutional import DCGAN
from detente_image.networks.perceptron import MLP
from detente_image.networks.residual import ResNet

__all__ = ["DCGAN", "MLP", "ResNet"]
