"""Reference networks for sentences: recurrent, attentive, on the codes of an autoencoder, and one that cannot learn."""

from detente_text.networks.latent import Latent
from detente_text.networks.relgan import NullControl, RelGAN
from detente_text.networks.transformer import Transformer

__all__ = ["Latent", "NullControl", "RelGAN", "Transformer"]
