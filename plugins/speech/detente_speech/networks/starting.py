"""How weights start, and checks that the models share."""

from torch import nn

from detente import Space, UsageError


def variance_preserving(net: nn.Module, slope: float) -> None:
    """Weights as He et al. 2015 draw them for rectifiers of this slope, biases 0, in place."""
    for layer in net.modules():
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=slope)
        elif isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d):
            # A stride lets only some taps of each input reach an output, which torch's count of inputs (taken from the
            # wrong dimension for transposed weights) does not see.
            taps = layer.weight[0, 0].numel()
            for stride in layer.stride:
                taps /= stride
            nn.init.normal_(layer.weight, std=(2 / ((1 + slope**2) * layer.in_channels * taps)) ** 0.5)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def shape_of(space: Space, model: str, dimensions: int) -> tuple[int, ...]:
    """The shape of the one leaf of a space.

    Raises:
        UsageError: there are more leaves, or it has another number of dimensions.
    """
    shapes = [leaf.shape for leaf in space.leaves]
    if len(shapes) != 1 or len(shapes[0]) != dimensions:
        what = {2: "waveforms (1, L)", 3: "log-mels (1, M, T)"}[dimensions]
        raise UsageError(f"model {model!r} is for {what}, but the data are {', '.join(map(str, shapes))}.")
    return shapes[0]


def positive(model: str, **options: float) -> None:
    """Refuse options that are not above 0.

    Raises:
        UsageError: one is not; it is named.
    """
    for name, value in options.items():
        if value <= 0:
            raise UsageError(f"{model}: {name}={value}, but it is above 0.")
