"""A device is named before anything is put on it."""

import pytest
import torch

from detente.errors import UsageError
from detente.training.device import device_of


def test_auto_is_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of("auto") == torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == torch.device("cpu") == device_of("cpu")


@pytest.mark.parametrize(("name", "there"), [("cuda", 0), ("cuda:2", 2), ("cuda:7", 1)])
def test_a_device_that_is_not_there_is_refused_with_another(
    name: str, there: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    with pytest.raises(UsageError, match=f"^{name} is not available on this machine. Use device=cpu or device=auto"):
        device_of(name)


def test_the_last_of_several_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_of("cuda:1") == torch.device("cuda", 1)
