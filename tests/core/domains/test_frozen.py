import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import nn

from detente import Frozen, PluginError


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frozen]:
    """A package with one network, two numbers to three."""
    folder = tmp_path / "seeing_things"
    (folder / "weights").mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Frozen("seeing_things")
    torch.manual_seed(0)
    made.save("eye", save(nn.Linear(2, 3).half().state_dict()), {"width": 3, "steps": 7})
    yield made
    del sys.modules["seeing_things"]


def build(about) -> nn.Module:
    return nn.Linear(2, about["width"])


def test_a_network_comes_with_its_weights_in_full_precision_and_no_gradient_changes_it(frozen: Frozen) -> None:
    network = frozen.load("eye", build)
    torch.manual_seed(0)
    assert torch.equal(network.weight, nn.Linear(2, 3).half().weight.float())
    assert network.weight.dtype == torch.float32
    assert not network.training and not any(p.requires_grad for p in network.parameters())


def test_weights_that_are_not_the_shipped_ones_are_refused(frozen: Frozen) -> None:
    file = frozen.folder / "weights" / "eye.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(PluginError, match=r"eye\.safetensors is not the file that seeing-things shipped"):
        frozen.load("eye", build)
    file.unlink()
    with pytest.raises(PluginError, match=r"cannot read eye\.safetensors .* Reinstall seeing-things"):
        frozen.load("eye", build)


def test_what_is_noted_of_one_network_leaves_the_others_alone(frozen: Frozen) -> None:
    frozen.save("ear", save(nn.Linear(2, 1).state_dict()), {"width": 1})
    frozen.note("ear", {**frozen.record("ear"), "accuracy": 0.5})
    record = json.loads((frozen.folder / "extractors.json").read_text())
    assert record.keys() == {"eye", "ear"}
    assert (record["eye"]["steps"], record["ear"]["accuracy"]) == (7, 0.5)
    assert frozen.load("ear", build).weight.shape == (1, 2)
