"""A multilayer perceptron whose layers have names."""

from torch import Tensor, nn

from detente.engine.network import Network


class Perceptron(Network):
    """`depth` hidden layers fc1, act1, fc2, act2, … of one width, and a linear layer `out`.

    Args:
        inputs, outputs: numbers per sample that go in and come out.
        width, depth: of the hidden layers.
        squeeze: whether a single output is returned as [B] instead of [B, 1], as a critic does.
    """

    abilities = frozenset({"features"})
    output_layers = ("out",)

    def __init__(self, inputs: int, outputs: int, width: int, depth: int, squeeze: bool = False) -> None:
        super().__init__()
        self.names: list[str] = []
        for i in range(1, depth + 1):
            self.add_module(f"fc{i}", nn.Linear(inputs if i == 1 else width, width))
            self.add_module(f"act{i}", nn.LeakyReLU(0.2))
            self.names += [f"fc{i}", f"act{i}"]
        self.out = nn.Linear(width, outputs)
        self.squeeze = squeeze
        self.feature_layers = tuple(f"act{i}" for i in range(1, depth + 1))

    def forward(self, x: Tensor) -> Tensor:
        for name in self.names:
            x = self.get_submodule(name)(x)
        x = self.out(x)
        return x[:, 0] if self.squeeze else x
