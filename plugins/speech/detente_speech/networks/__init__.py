"""Reference networks: a GAN on spectrograms, one on waveforms, a vocoder.

None has normalization or dropout: those are regularizers here. Without normalization the initialization determines the
scale of activations, so weights are initialized such that layers preserve the variance of their input.
"""

from detente_speech.networks.convolutional import SpecGAN, WaveGAN
from detente_speech.networks.vocoder import Vocoder

__all__ = ["SpecGAN", "Vocoder", "WaveGAN"]
