"""Reference networks for molecules: a generator of whole graphs, and one of the codes of an autoencoder.

None has normalization or dropout: those are regularizers here.
"""

from detente_molecule.networks.latent import Latent
from detente_molecule.networks.molgan import MolGAN

__all__ = ["Latent", "MolGAN"]
