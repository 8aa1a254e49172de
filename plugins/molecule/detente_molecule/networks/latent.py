"""A GAN on the codes of an autoencoder, as ARAE has it for sentences (Zhao et al. 2018)."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import Count, Data, Model, Network, Networks, ProgressCallback, Sample, Space, Stream
from detente_molecule.chemistry import BONDS, pair
from detente_molecule.networks.molgan import GraphWriter, LikeliestType, graph_shape
from detente_molecule.networks.valences import BY_DISTANCE, within_valences

BATCH = 128
NOISE = 0.1
"""Standard deviation of what is added to codes while the autoencoder learns, so that near codes mean near graphs."""


class Latent(Model):
    """A GAN on the codes of an autoencoder: the generator produces codes, the discriminator scores them.

    Before the game a relational encoder and a perceptron as decoder learn to reproduce the training graphs, with noise
    on the codes. Then both are frozen: the decoder ends the generator, which writes codes, and the encoder begins the
    discriminator, as its `embed`. Samples are still graphs, so every regularizer has its usual meaning; with `space:
    embedding` a penalty looks at codes.

    Args:
        code: dimension of the code of a graph; each number is from −1 to 1.
        width: of the hidden layers of both players.
        latent_dim: of z.
        warm_up_steps: updates of the autoencoder, of 128 graphs each.
        valences: make bonds in the order of their probability, as far as atoms have room for them, so that every sample
            is a molecule; see `within_valences`. Meant for more than about nine atoms, where without it hardly any is.
            The encoder then reads the bonds that there are: of the very many pairs without one, all codes are alike.
    """

    renamed = {"codes": "code"}
    warms_players = False

    def __init__(
        self,
        code: Count = 64,
        width: Count = 128,
        latent_dim: Count = 32,
        warm_up_steps: Count = 2500,
        valences: bool = False,
    ) -> None:
        self.code, self.width, self.latent_dim = code, width, latent_dim
        self.warm_up_steps, self.valences = warm_up_steps, valences
        if valences:  # what is valid by construction says nothing about training
            self.primary = BY_DISTANCE

    def build(self, space: Space) -> Networks:
        n, types = graph_shape(space, "latent")
        decoder = Decoder(self.code, n, types, self.valences).requires_grad_(False)
        encoder = Encoder(n, types, self.code, self.valences).requires_grad_(False)
        return Networks(
            _CodeGenerator([self.latent_dim, self.width, self.width, self.code], decoder),
            _CodeCritic(encoder, [self.code, self.width, self.width]),
        )

    def warm_up(self, networks: Networks, data: Data, rng: Stream, show: ProgressCallback) -> None:
        """Train the autoencoder: cross-entropy of every atom and of every pair of atoms."""
        generator, critic = networks
        assert isinstance(generator, _CodeGenerator) and isinstance(critic, _CodeCritic)
        decoder, encoder = generator.decoder, critic.embed
        device = next(decoder.parameters()).device
        draws = rng.at("autoencoder").generator()
        both = nn.ModuleList([decoder, encoder]).requires_grad_(True)
        optimizer = torch.optim.Adam(both.parameters(), lr=2e-3)
        for step in range(self.warm_up_steps):
            for group in optimizer.param_groups:
                group["lr"] = 2e-3 * (1 - step / self.warm_up_steps)
            x = data.batch(torch.randint(len(data), (BATCH,), generator=draws)).x
            bonds, atoms = (leaf.to(device) for leaf in pair(x))
            codes = encoder((bonds, atoms))
            noise = NOISE * torch.randn(codes.shape, generator=draws).to(device)
            loss = decoder.loss(codes + noise, bonds, atoms)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            show(step + 1, self.warm_up_steps)
        both.requires_grad_(False)


class Encoder(nn.Module):
    """Graph → code [B, C] between −1 and 1, by a perceptron that reads atoms in their order.

    The decoder writes them in an order too; a code that did not know it would leave the decoder to guess.
    """

    def __init__(self, n: int, types: int, codes: int, sparse: bool = False) -> None:
        super().__init__()
        self.first = int(sparse)
        """Type of bonds and atoms that is read first: 0 is none."""
        pairs, kinds = n * (n - 1) // 2, len(BONDS) + 1 - self.first
        self.hidden = nn.ModuleList([nn.Linear(pairs * kinds + n * (types - self.first), 512), nn.Linear(512, 256)])
        self.to_code = nn.Linear(256, codes)

    def forward(self, x: Sample) -> Tensor:
        bonds, atoms = pair(x)
        n = atoms.shape[1]
        i, j = torch.triu_indices(n, n, 1, device=bonds.device)
        # The mean of both directions, so that a gradient with respect to the bonds is as symmetric as they are.
        both = (bonds[:, i, j] + bonds[:, j, i]) / 2
        h = torch.cat([both[..., self.first :].flatten(1), atoms[..., self.first :].flatten(1)], dim=1)
        for layer in self.hidden:
            h = F.relu(layer(h))
        return self.to_code(h).tanh()


class Decoder(nn.Module):
    """Code → the graph of the likeliest types; its gradient is that of their probabilities."""

    def __init__(self, codes: int, n: int, types: int, valences: bool = False) -> None:
        super().__init__()
        self.valences = valences
        self.hidden = nn.ModuleList([nn.Linear(codes, 256), nn.Linear(256, 512)])
        self.write = GraphWriter(512, n, types, LikeliestType())

    def loss(self, codes: Tensor, bonds: Tensor, atoms: Tensor) -> Tensor:
        """Mean negative log-likelihood of a graph, in nats."""
        n = atoms.shape[1]
        pairs, types = self.write.logits(self._described(codes))
        i, j = torch.triu_indices(n, n, 1, device=bonds.device)
        of_bonds = F.cross_entropy(pairs.movedim(-1, 1), bonds[:, i, j].argmax(-1), reduction="sum")
        return (of_bonds + F.cross_entropy(types.movedim(-1, 1), atoms.argmax(-1), reduction="sum")) / len(codes)

    def forward(self, codes: Tensor) -> Sample:
        h = self._described(codes)
        if not self.valences:
            return self.write(h)
        pairs, atoms = (logits.softmax(-1) for logits in self.write.logits(h))
        soft = self.write.matrix(pairs), atoms
        return tuple(hard + (s - s.detach()) for hard, s in zip(within_valences(*soft), soft, strict=True))

    def _described(self, codes: Tensor) -> Tensor:
        h = codes
        for layer in self.hidden:
            h = F.relu(layer(h))
        return h


class _CodeGenerator(Network):
    """z → code → graph; the decoder is frozen."""

    def __init__(self, widths: list[int], decoder: Decoder) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.output_layers = (f"layers.{len(self.layers) - 1}",)
        self.decoder = decoder

    def forward(self, z: Tensor) -> Sample:
        h = z
        for i, layer in enumerate(self.layers):
            h = layer(F.relu(h) if i else h)
        return self.decoder(h.tanh())


class _CodeCritic(Network):
    """Graph → code, by the frozen encoder → logit."""

    abilities = frozenset({"embed", "features"})
    output_layers = ("head",)

    def __init__(self, encoder: Encoder, widths: list[int]) -> None:
        super().__init__()
        self.embed = encoder
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.feature_layers = tuple(f"layers.{i}" for i in range(len(self.layers)))
        self.head = nn.Linear(widths[-1], 1)

    def forward(self, x: Sample) -> Tensor:
        h = self.embed(x)
        for layer in self.layers:
            h = F.leaky_relu(layer(h), 0.2)
        return self.head(h).squeeze(1)  # [B]
