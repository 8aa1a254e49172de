"""Narrow models of speech, the spaces that they are for, and how many dimensions their samples have."""

from detente import Leaf, Space
from detente_speech.networks import SpecGAN, Vocoder, WaveGAN

SMALL = {
    "specgan": (SpecGAN(width=4, latent_dim=8), Space((Leaf((1, 40, 64), channel_axis=1),)), 3),
    "wavegan": (WaveGAN(width=4, latent_dim=8), Space((Leaf((1, 4096), channel_axis=1),)), 2),
    "vocoder": (
        Vocoder(width=16, blocks=2, critic_width=4, rate=8000),
        Space((Leaf((1, 4096), channel_axis=1),), condition=(1, 40, 64)),
        2,
    ),
}
