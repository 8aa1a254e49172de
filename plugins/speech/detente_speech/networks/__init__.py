"""Reference networks: a GAN on spectrograms, one on waveforms, a vocoder.

None has normalization or dropout of its own: those are regularizers here. Without it the scale of activations is up to
the initialization, so weights start such that layers keep the variance of their input.
"""

from detente_speech.networks.convolutional import SpecGAN, WaveGAN
from detente_speech.networks.vocoder import Vocoder

__all__ = ["SpecGAN", "Vocoder", "WaveGAN"]
