"""Reference networks for molecules: generators of whole graphs, of the codes of an autoencoder, and of strings.

None has normalization or dropout: those are regularizers here.
"""

from detente_molecule.networks.latent import Latent
from detente_molecule.networks.molgan import MolGAN
from detente_molecule.networks.selfies import Selfies

__all__ = ["Latent", "MolGAN", "Selfies"]
