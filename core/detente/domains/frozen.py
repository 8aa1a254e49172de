"""Frozen networks, included in a package, that compute features of samples.

Distances are measured on what these networks see, so a changed weight changes every score: a file of weights is
compared with the hash in the package's record before it is used.
"""

import importlib
import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from detente.domains.cache import named
from detente.errors import PluginError
from detente.files import write_atomically

RECORD, WEIGHTS = "extractors.json", "weights"

Network = TypeVar("Network", bound=nn.Module)


class Frozen:
    """The frozen networks of a package.

    `extractors.json` in the package says of each network, under its name, what it is built from, the SHA-256 of its
    weights and what it was trained on; `weights/<name>.safetensors` holds the weights.

    Args:
        package: the package's name, such as `detente_image`.
    """

    def __init__(self, package: str) -> None:
        found = importlib.import_module(package).__file__
        assert found is not None, "a package with an __init__ has a file"
        self.folder, self.distribution = Path(found).parent, package.replace("_", "-")

    def record(self, name: str) -> dict[str, Any]:
        """What is known of a network: its shape, the hash of its weights, accuracies, what it was trained on."""
        return self._records()[name]

    @property
    def identity(self) -> str:
        """A hash of the weights of all of them: what is measured through others cannot be compared."""
        return named({name: about.get("sha256") for name, about in self._records().items()})

    def load(self, name: str, build: Callable[[Mapping[str, Any]], Network]) -> Network:
        """A network in evaluation mode, on the CPU, that no gradient changes.

        Args:
            name: of the network.
            build: makes the network, with any weights, from its record.

        Raises:
            PluginError: the weights are missing or are not those that were shipped.
        """
        from safetensors.torch import load

        about, file = self.record(name), self._weights(name)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise PluginError(f"cannot read {file.name} ({error.strerror}). Reinstall {self.distribution}.") from error
        if sha256(content).hexdigest() != about["sha256"]:
            raise PluginError(
                f"{file.name} is not the file that {self.distribution} shipped, so scores would not be"
                f" comparable. Reinstall {self.distribution}."
            )
        network = build(about)
        network.load_state_dict(load(content))
        return network.eval().requires_grad_(False)

    def save(self, name: str, weights: bytes, about: Mapping[str, Any]) -> None:
        """Replace a network: write its weights (the content of a safetensors file), and its record with their hash."""
        write_atomically(self._weights(name), weights)
        self.note(name, {"sha256": sha256(weights).hexdigest(), **about})

    def note(self, name: str, about: Mapping[str, Any]) -> None:
        """Write what is known of a network into the record."""
        known = self._records() if (self.folder / RECORD).exists() else {}
        write_atomically(self.folder / RECORD, json.dumps({**known, name: dict(about)}, indent=2) + "\n")

    def _records(self) -> dict[str, Any]:
        return json.loads((self.folder / RECORD).read_text(encoding="utf-8"))

    def _weights(self, name: str) -> Path:
        return self.folder / WEIGHTS / f"{name}.safetensors"
