"""A recurrent generator of SELFIES strings against a convolutional critic: every sample is a molecule."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import (
    Count,
    Data,
    Model,
    Network,
    Networks,
    Positive,
    ProgressCallback,
    Space,
    Stream,
    UsageError,
    Whole,
)
from detente_molecule.data import Molecules
from detente_molecule.networks.molgan import Draw
from detente_molecule.networks.valences import BY_DISTANCE
from detente_molecule.strings import SelfiesData

SLOPE = 0.2
SIZES = (2, 3, 5)


class Selfies(Model):
    """Symbol by symbol: an LSTM cell draws SELFIES strings, of which every one means a molecule.

    The generator is warmed up by maximum likelihood on the training strings, as in ORGAN (Guimaraes et al. 2017); its
    samples then are the baseline row, which adversarial training has to beat. It sends whole symbols to the critic,
    with the gradient of soft ones (Gumbel noise, straight-through). The critic has filters over neighbouring symbols.

    Args:
        width: of the generator's cell.
        embedding: numbers per symbol, in either network.
        maps: filters of each size in the critic.
        latent_dim: of z, which the cell starts from.
        temperature: of the draws' gradients; the draws themselves do not depend on it.
        warm_up_steps: of maximum likelihood; 0 for none.
        warm_up_batch: strings in each.
        warm_up_lr: of Adam at its highest.
    """

    primary = BY_DISTANCE

    def __init__(
        self,
        width: Count = 192,
        embedding: Count = 48,
        maps: Count = 64,
        latent_dim: Count = 32,
        temperature: Positive = 0.7,
        warm_up_steps: Whole = 2000,
        warm_up_batch: Count = 64,
        warm_up_lr: Positive = 3e-3,
    ) -> None:
        self.width, self.embedding, self.maps, self.latent_dim = width, embedding, maps, latent_dim
        self.temperature = temperature
        self.warm_up_steps, self.warm_up_batch, self.warm_up_lr = warm_up_steps, warm_up_batch, warm_up_lr
        self.starts_good = warm_up_steps > 0

    def view(self, data: Data) -> Data:
        """The same molecules as strings.

        Raises:
            UsageError: the data are no molecules of this plugin.
        """
        if not isinstance(data, Molecules):
            raise UsageError(f"model 'selfies' writes molecules as strings; it cannot read {type(data).__name__}.")
        return SelfiesData(data)

    def build(self, space: Space) -> Networks:
        length, symbols = space.leaves[0].shape
        draw = Draw(self.temperature, "straight-through")
        return Networks(
            StringGenerator(length, symbols, self.width, self.embedding, self.latent_dim, draw),
            StringCritic(length, symbols, self.embedding, self.maps),
        )

    def warm_up(self, networks: Networks, data: Data, rng: Stream, show: ProgressCallback) -> None:
        """Maximum likelihood with Adam; its rate rises over 5 % of the steps and falls as a cosine."""
        generator = networks.generator
        assert isinstance(generator, StringGenerator)
        parameters = list(generator.parameters())
        draws, steps = rng.at("strings").generator(), self.warm_up_steps
        optimizer = torch.optim.Adam(parameters, lr=self.warm_up_lr, betas=(0.9, 0.99))
        for step in range(steps):
            done = step / steps
            optimizer.param_groups[0]["lr"] = self.warm_up_lr * min(
                20 * done + 1e-2, (1 + math.cos(math.pi * done)) / 2
            )
            x = data.batch(torch.randint(len(data), (self.warm_up_batch,), generator=draws)).x
            assert isinstance(x, Tensor), "a string is a single tensor"
            z = self.latents(len(x), draws)
            assert isinstance(z, Tensor), "latents are a single tensor"
            for p in parameters:
                p.grad = None
            generator.surprise(z.to(parameters[0]), x.to(parameters[0])).backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            show(step + 1, steps)
        for p in parameters:
            p.grad = None


class StringGenerator(Network):
    """The cell's state → logits → a drawn symbol, whose embedding is the cell's next input."""

    output_layers = ("output",)

    def __init__(self, length: int, symbols: int, width: int, embedding: int, latent_dim: int, draw: Draw) -> None:
        super().__init__()
        self.length, self.draw = length, draw
        self.start = nn.Linear(latent_dim, width)
        self.embed = nn.Linear(symbols, embedding, bias=False)
        self.begin = nn.Parameter(torch.zeros(embedding))
        self.cell = nn.LSTMCell(embedding, width)
        self.output = nn.Linear(width, symbols)

    def forward(self, z: Tensor) -> Tensor:
        """[B, latent_dim] → strings [B, L, V], one-hot; the draws are of the default generator."""
        h = self.start(z).tanh()
        state, seen = (h, torch.zeros_like(h)), self.begin.expand(len(z), -1)
        drawn = []
        for _ in range(self.length):
            state = self.cell(seen, state)
            symbol = self.draw(self.output(state[0]))  # [B, V]
            drawn.append(symbol)
            seen = self.embed(symbol)
        return torch.stack(drawn, 1)

    def surprise(self, z: Tensor, x: Tensor) -> Tensor:
        """Mean −log p(symbol | those before it) of real strings [B, L, V], in nats; of the end, its first place."""
        h = self.start(z).tanh()
        state = h, torch.zeros_like(h)
        seen = torch.cat([self.begin.expand(len(x), 1, -1), self.embed(x[:, :-1])], 1)
        numbers = x.argmax(-1)  # [B, L]
        counted = torch.cat([torch.ones_like(numbers[:, :1], dtype=torch.bool), numbers[:, :-1] > 0], 1)
        hidden = []
        for one in seen.unbind(1):
            state = self.cell(one, state)
            hidden.append(state[0])
        # What is behind the end costs nothing to learn: one place in eight says it.
        counted |= torch.arange(numbers.shape[1], device=x.device) % 8 == 7
        return F.cross_entropy(self.output(torch.stack(hidden, 1)[counted]), numbers[counted])


class StringCritic(Network):
    """Filters over 2, 3 and 5 embedded symbols; their strongest and their mean answers; one hidden layer."""

    abilities = frozenset({"embed", "features"})
    input_layers = ("embed",)
    output_layers = ("head",)

    def __init__(self, length: int, symbols: int, embedding: int, maps: int) -> None:
        super().__init__()
        self.embed = nn.Linear(symbols, embedding, bias=False)
        sizes = [size for size in SIZES if size <= length]
        self.filters = nn.ModuleList(nn.Conv1d(embedding, maps, size) for size in sizes)
        self.hidden = nn.Linear(2 * maps * len(sizes), 2 * maps)
        self.head = nn.Linear(2 * maps, 1)
        self.feature_layers = (*(f"filters.{i}" for i in range(len(sizes))), "hidden")
        nn.init.normal_(self.embed.weight)  # a one-hot symbol has entries of the unit scale

    def forward(self, x: Tensor) -> Tensor:
        """[B, L, V] → logits [B]."""
        h = self.embed(x).transpose(1, 2)  # [B, E, L]
        heard = [F.leaky_relu(layer(h), SLOPE) for layer in self.filters]
        seen = torch.cat([part for answers in heard for part in (answers.amax(2), answers.mean(2))], 1)
        return self.head(F.leaky_relu(self.hidden(seen), SLOPE)).squeeze(1)
