"""A perceptron that generates graphs against a relational graph network (De Cao & Kipf 2018)."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import (
    ClassBeside,
    Count,
    Data,
    Model,
    Network,
    Networks,
    NonNegative,
    Positive,
    Probability,
    ProgressCallback,
    Projection,
    Sample,
    Space,
    Step,
    Stream,
    UsageError,
    Whole,
    classes_of,
    variance_preserving,
)
from detente_molecule.chemistry import BONDS
from detente_molecule.networks.comparison import Comparison
from detente_molecule.networks.conditions import CONDITIONAL, LABELLED
from detente_molecule.networks.relational import Relational
from detente_molecule.networks.reward import Reward, train_reward
from detente_molecule.rewards import PROPERTIES

SLOPE = 0.2
Sampling = Literal["straight-through", "soft"]


class MolGAN(Model):
    """A perceptron that generates a whole graph at once against a relational graph network (De Cao & Kipf 2018).

    The generator draws each atom and each bond by the Gumbel trick. With `straight-through` it outputs one-hot types,
    as real graphs have, with the gradient of the soft draws; with `soft` it outputs the soft draws, and a critic can
    distinguish them from real graphs by their softness. Unlike the original, atoms and bonds are drawn with noise under
    the temperature at which they are trained, scores of a batch are not averaged in the critic, and there is no
    dropout.

    Args:
        width: of the generator's first hidden layer; the others have twice and four times as much.
        latent_dim: of z.
        sampling: the form of the generator's output.
        temperature: of the draws; at lower ones a draw is less noisy and its gradient is larger and rarer.
        noise: what is left of the draws' noise at the end of a run, to which it falls in a line; 1 keeps it.
        messages: widths of the critic's graph layers.
        readout: width of the critic's description of a whole graph.
        rectified: leaky rectifiers in the place of tanh, one more hidden layer in the critic, and weights that start
            such that types depend on z. As published, noise decides nearly alone at the start, and z stays unused.
        spread: with `rectified`, the standard deviation of the types' logits over z at the start.
        comparisons: in how many ways the critic compares the graphs of a batch, so that it sees that they repeat
            (minibatch discrimination, Salimans et al. 2016); 0 for none.
        reward: the property to maximize: `qed` (drug-likeness), `logp` (solubility in fat) or `sa`
            (ease of synthesis), by a network that is trained before the game and frozen. None for none.
        reward_weight: of that term in the generator's loss.
        conditional: whether both get the classes, one beside z, one by a projection (Miyato & Koyama 2018).
    """

    warms_players = False

    def __init__(
        self,
        width: Count = 128,
        latent_dim: Count = 32,
        sampling: Sampling = "straight-through",
        temperature: Positive = 0.7,
        messages: tuple[Count, Count] = (64, 32),
        readout: Count = 128,
        rectified: bool = False,
        spread: Positive = 3.0,
        comparisons: Whole = 0,
        noise: Probability = 1.0,
        reward: Literal["qed", "logp", "sa"] | None = None,
        reward_weight: NonNegative = 10.0,
        conditional: bool = False,
    ) -> None:
        if min(messages) < 1:
            raise UsageError(f"molgan: messages={messages!r} should be two whole numbers of 1 or more.")
        self.width, self.latent_dim, self.temperature = width, latent_dim, temperature
        self.sampling: Sampling = sampling
        self.messages, self.readout, self.reward, self.reward_weight = tuple(messages), readout, reward, reward_weight
        self.rectified, self.spread, self.comparisons = rectified, spread, comparisons
        self.noise, self.conditional, self.metrics = noise, conditional, CONDITIONAL if conditional else ()

    def view(self, data: Data) -> Data:
        self._classes(data.space)  # refused here with the name of the option that gives classes
        return data

    def _classes(self, space: Space) -> int | None:
        return classes_of(space, "molgan", LABELLED) if self.conditional else None

    def build(self, space: Space) -> Networks:
        n, types = graph_shape(space, "molgan")
        widths = [self.latent_dim, self.width, 2 * self.width, 4 * self.width]
        draw, classes = Draw(self.temperature, self.sampling), self._classes(space)
        generator = GraphGenerator(widths, n, types, draw, self.spread if self.rectified else None, classes)
        critic = GraphCritic(types, self.messages, self.readout, self.rectified, self.comparisons, classes)
        if self.reward is not None:  # last, so that the players' weights are those of a run without it
            generator.reward = Reward(types).requires_grad_(False)
        return Networks(generator, critic)

    def warm_up(self, networks: Networks, data: Data, rng: Stream, show: ProgressCallback) -> None:
        """Train the network that predicts the property, where one is wanted."""
        reward = _reward_of(networks.generator)
        if self.reward is not None and reward is not None:
            train_reward(reward, PROPERTIES[self.reward], data, rng, show)

    def schedule(self, networks: Networks, done: float) -> None:
        """Let the noise of the draws fall to what the options leave of it."""
        generator = networks.generator
        if isinstance(generator, GraphGenerator) and isinstance(generator.write.choose, Draw):
            generator.write.choose.noise = 1 - (1 - self.noise) * done

    def auxiliary(self, s: Step) -> dict[str, Tensor]:
        """−weight · E V(G(z)): the property as the frozen network predicts it."""
        reward = _reward_of(s.generator)
        return {} if reward is None else {"reward": -self.reward_weight * reward(s.fake).mean()}


def _reward_of(generator: nn.Module) -> Reward | None:
    return generator.reward if isinstance(generator, GraphGenerator) else None


class Draw:
    """One draw of a type for each vector of logits, by the Gumbel trick (Jang et al. 2017; Maddison et al. 2017).

    y = softmax((logits + s·g) / τ), g standard Gumbel from the default generator, which the engine seeds, and s = 1.
    `straight-through` hands on the type that was drawn, with the gradient of y. With less `noise` than s = 1 likely
    types become likelier.
    """

    def __init__(self, temperature: float, sampling: Sampling) -> None:
        self.temperature, self.hand_on = temperature, _HANDED_ON[sampling]
        self.noise = 1.0

    def __call__(self, logits: Tensor) -> Tensor:
        # −log E of an exponential E is standard Gumbel.
        exponential = torch.empty_like(logits).exponential_().clamp_(min=torch.finfo(logits.dtype).tiny)
        soft = ((logits - self.noise * exponential.log()) / self.temperature).softmax(-1)
        return self.hand_on(soft)


class LikeliestType:
    """The likeliest type of each vector of logits, with the gradient of their softmax; nothing is drawn."""

    def __call__(self, logits: Tensor) -> Tensor:
        return straight_through(logits.softmax(-1))


def straight_through(soft: Tensor) -> Tensor:
    """onehot(argmax y) + (y − y.detach()): rows are one-hot to the bit, the gradient is that of y."""
    hard = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())  # the parentheses are exactly 0 in value


def _soft(soft: Tensor) -> Tensor:
    return soft


_HANDED_ON: Mapping[Sampling, Callable[[Tensor], Tensor]] = {"straight-through": straight_through, "soft": _soft}


class GraphWriter(nn.Module):
    """A vector → logits of each atom and of each pair of atoms → types.

    A pair has one vector of logits and one draw of noise, so that bonds are symmetric to the bit; no atom is bound to
    itself.
    """

    def __init__(self, width: int, n: int, types: int, choose: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.n, self.types, self.kinds, self.choose = n, types, len(BONDS) + 1, choose
        pairs = n * (n - 1) // 2
        self.bonds, self.atoms = nn.Linear(width, pairs * self.kinds), nn.Linear(width, n * types)
        # Where in the list of pairs each entry of the matrix is found; behind the pairs stands "no bond".
        at = torch.full((n, n), pairs)
        i, j = torch.triu_indices(n, n, 1)
        at[i, j] = at[j, i] = torch.arange(pairs)
        self.at: Tensor
        self.none: Tensor
        self.register_buffer("at", at.flatten(), persistent=False)
        self.register_buffer("none", torch.eye(self.kinds)[0].view(1, 1, -1), persistent=False)

    def logits(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Of the pairs above the diagonal, row by row, [B, N(N−1)/2, K], and of the atoms [B, N, T]."""
        return self.bonds(h).unflatten(1, (-1, self.kinds)), self.atoms(h).unflatten(1, (self.n, self.types))

    def forward(self, h: Tensor) -> Sample:
        pairs, atoms = (self.choose(logits) for logits in self.logits(h))
        return self.matrix(pairs), atoms

    def matrix(self, pairs: Tensor) -> Tensor:
        """Pairs above the diagonal [B, N(N−1)/2, K] as symmetric matrices [B, N, N, K]."""
        listed = torch.cat([pairs, self.none.expand(len(pairs), 1, -1)], dim=1)
        return listed.index_select(1, self.at).unflatten(1, (self.n, self.n))


def leaky(x: Tensor) -> Tensor:
    """The rectifier of networks that are `rectified`."""
    return F.leaky_relu(x, SLOPE)


class GraphGenerator(Network):
    """z → hidden layers → a graph. With a `spread`, rectified: logits then start with that deviation over z."""

    output_layers = ("write.bonds", "write.atoms")

    def __init__(
        self, widths: list[int], n: int, types: int, draw: Draw, spread: float | None = None, classes: int | None = None
    ) -> None:
        super().__init__()
        self.bend = torch.tanh if spread is None else leaky
        self.beside = None if classes is None else ClassBeside(classes, widths[0])
        widths = [widths[0] * (1 if classes is None else 2), *widths[1:]]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.write = GraphWriter(widths[-1], n, types, draw)
        self.reward: Reward | None = None
        """Frozen; what samples are worth, where that is asked for."""
        if spread is not None:
            variance_preserving(self, SLOPE)
            for layer in (self.write.bonds, self.write.atoms):
                nn.init.normal_(layer.weight, std=spread * widths[-1] ** -0.5)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Sample:
        h = z if self.beside is None else self.beside(z, labels)
        for layer in self.hidden:
            h = self.bend(layer(h))
        return self.write(h)


class GraphCritic(Network):
    """Relational messages, then a linear head. `embed` is the description of the whole graph, [B, readout].

    Rectified, a hidden layer is between the two. With `comparisons`, what a graph has in common with the others of its
    batch is added to the head's input.
    """

    abilities = frozenset({"embed", "features"})
    feature_layers = ("embed",)

    def __init__(
        self,
        types: int,
        messages: tuple[int, ...],
        readout: int,
        rectified: bool,
        comparisons: int,
        classes: int | None,
    ) -> None:
        super().__init__()
        self.bend = leaky if rectified else torch.tanh
        self.embed = Relational(types, messages, readout, self.bend)
        self.hidden = nn.Linear(readout, readout) if rectified else None
        self.compare = Comparison(readout, comparisons) if comparisons else None
        self.of_others = nn.Linear(comparisons, readout, bias=False) if comparisons else None
        self.head = nn.Linear(readout, 1)
        # Graphs can stand side by side once each is one description; one linear head would only add up their scores.
        self.input_layers = () if self.hidden is None else ("hidden", *(("of_others",) if comparisons else ()))
        # What normalizes over positions finds none behind the readout: all layers there make the logit.
        names = (name for name, module in self.named_modules() if isinstance(module, nn.Linear))
        self.output_layers = tuple(name for name in names if not name.startswith("embed."))
        self.of_class = None if classes is None else Projection(classes, readout)

    def forward(self, x: Sample, labels: Tensor | None = None) -> Tensor:
        h = self.embed(x)
        out = h if self.hidden is None else self.hidden(h)
        if self.compare is not None and self.of_others is not None:
            out = out + self.of_others(self.compare(h))
        described = out if self.hidden is None else self.bend(out)
        logits = self.head(described).squeeze(1)  # [B]
        return logits if self.of_class is None else logits + self.of_class(described, labels)


def graph_shape(space: Space, model: str) -> tuple[int, int]:
    """Atoms of a graph and atom types, "none" counted.

    Raises:
        UsageError: the samples are no graphs of ours.
    """
    shapes = [leaf.shape for leaf in space.leaves]
    if len(shapes) == 2 and len(shapes[0]) == 3 and len(shapes[1]) == 2:
        (n, m, kinds), (atoms, types) = shapes
        if n == m == atoms and n > 1 and kinds == len(BONDS) + 1:
            return n, types
    raise UsageError(
        f"model {model!r} is for graphs of two atoms and more (bonds [N, N, {len(BONDS) + 1}], atoms [N, types]), but"
        f" the data are {', '.join(map(str, shapes))}."
    )
