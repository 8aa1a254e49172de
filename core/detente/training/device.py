"""The device that a recipe names."""

import torch

from detente.errors import UsageError


def device_of(name: str) -> torch.device:
    """The device of that name; `auto` is the first GPU where there is one.

    Raises:
        UsageError: this machine does not have it.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"{name} is not available on this machine. Use device=cpu or device=auto.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"{name} is not available on this machine. Use device=cpu or device=auto.")
    return device
