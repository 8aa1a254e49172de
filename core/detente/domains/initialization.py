"""How the weights of reference networks start."""

from torch import nn


def variance_preserving(network: nn.Module, slope: float) -> None:
    """Weights as He et al. 2015 draw them for rectifiers of this slope, biases 0, in place.

    For networks without normalization: each layer keeps the variance of its input.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=slope)
        elif isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d):
            # A stride lets only some taps of each input reach an output (a 4 × 4 kernel at stride 2: 4 of 16), which
            # torch's count of inputs (taken from the wrong dimension for transposed weights) does not see.
            taps = layer.weight[0, 0].numel()
            for stride in layer.stride:
                taps /= stride
            nn.init.normal_(layer.weight, std=(2 / ((1 + slope**2) * layer.in_channels * taps)) ** 0.5)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
