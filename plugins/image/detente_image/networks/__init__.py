"""Reference networks for images: convolutional, residual, style-based, fully connected.

None has normalization or dropout: those are regularizers here. Without normalization the initialization determines the
scale of activations, so weights are initialized such that layers preserve the variance of their input.
"""

from detente_image.networks.convolutional import DCGAN
from detente_image.networks.perceptron import MLP
from detente_image.networks.r3gan import R3GAN
from detente_image.networks.residual import ResNet
from detente_image.networks.stylegan2 import StyleGAN2

__all__ = ["DCGAN", "MLP", "R3GAN", "ResNet", "StyleGAN2"]
