"""A case with what real networks have: labels, normalization, buffers, and parts that nobody trains."""

import torch
from torch import Tensor, nn

from detente.domains.contracts import Model, Networks
from detente.engine.network import Network
from detente.engine.sample import Batch, Leaf, Space
from detente.testing.laws.subject import F64, Broken, Case, NoData, Skip, Subject, played, same
from detente.testing.probe import Plain

_CLASSES, _SIZE = 3, 12


class _Domain(Plain):
    name = "furnished"
    augmentations = {"softer": lambda x, g: x * (1 - 0.1 * torch.rand(len(x), 1, generator=g, device=g.device))}


class _Data(NoData):
    space = Space((Leaf((_SIZE,)),), classes=_CLASSES)

    def __len__(self) -> int:
        return 60

    def batch(self, index: Tensor) -> Batch:
        x = torch.randn(60, _SIZE, generator=torch.Generator().manual_seed(2), dtype=F64)
        return Batch(x[index], index % _CLASSES)


class _Body(Network):
    """Two hidden layers, one of them normalized, a frozen one between, an odometer, and an embedding of the label."""

    output_layers = ("out",)
    feature_layers = ("act",)

    def __init__(self, inputs: int, outputs: int, critic: bool) -> None:
        super().__init__()
        self.critic = critic
        if critic:
            self.abilities = frozenset({"features"})
        self.label = nn.Embedding(_CLASSES, 8)
        self.fc1, self.norm, self.act = nn.Linear(inputs, 8), nn.LayerNorm(8), nn.LeakyReLU(0.2)
        self.frozen = nn.Linear(8, 8).requires_grad_(False)
        self.fc2, self.out = nn.Linear(8, 8), nn.Linear(8, outputs)
        self.register_buffer("odometer", torch.zeros(3))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        hidden = self.act(self.norm(self.fc1(x))) + self.label(labels)
        out = self.out(torch.tanh(self.fc2(torch.tanh(self.frozen(hidden)))))
        return out[:, 0] if self.critic else out


class _Model(Model):
    latent_dim = 5
    conditional = True

    def build(self, space: Space) -> Networks:
        return Networks(_Body(5, _SIZE, critic=False), _Body(_SIZE, 1, critic=True))


def furnished_case() -> Case:
    """Conditional networks with normalization, buffers and frozen layers."""
    return Case("furnished", _Domain(), _Data(), _Model())


def frozen_parameters_are_left_alone(s: Subject) -> None:
    """What has `requires_grad` off is neither changed nor given a gradient."""
    game = s.game()
    frozen = {
        f"{player.role}.{name}": p
        for player in (game.generator, game.discriminator)
        for name, p in player.network.named_parameters()
        if name.startswith("frozen.")
    }
    before = {name: p.detach().clone() for name, p in frozen.items()}
    played(game, s.case, 0, 3)
    same(before, {n: p.detach() for n, p in frozen.items()}, "a frozen parameter is changed; ask p.requires_grad")
    for name, p in frozen.items():
        if p.grad is not None or p.requires_grad:
            raise Broken(f"the frozen parameter {name} has got a gradient or is trained; ask p.requires_grad")


def deployed_networks_have_the_buffers(s: Subject) -> None:
    """Buffers that have moved in training have moved in the deployed copy as well."""
    game = s.game()
    net = s.player(game).network
    for k in range(3):
        net.get_buffer("odometer").fill_(k + 1.0)
        played(game, s.case, k, k + 1)
    try:
        found = s.player(game).deployed().get_buffer("odometer")
    except AttributeError as gone:
        raise Skip("what it deploys is another network") from gone
    if not (found > 0).all():
        raise Broken("the deployed copy has the buffers of the start; copy buffers() too, not parameters() alone")


def labels_reach_every_call(s: Subject) -> None:
    """Conditional networks are called with their labels: the game goes on, and weights stay finite."""
    game = s.game()
    try:
        played(game, s.case, 0, 3)
    except TypeError as error:
        if "'labels'" not in str(error):
            raise
        raise Broken(
            "a conditional network is called without its labels; call s.critic(x) and s.generate(z), which hand them on"
        ).with_traceback(error.__traceback__) from error
    for name, p in s.player(game).network.named_parameters():
        if not torch.isfinite(p).all():
            raise Broken(f"after 3 steps {s.role}.{name} is not finite; look for a division by 0 or a root at 0")
