"""What a run depends on besides its recipe: the plugins that it uses, versions, device, memory."""

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from detente.domains.cache import code_of
from detente.plugins.host import Host
from detente.plugins.registry import Entry
from detente.recipe.schema import Recipe


def components(recipe: Recipe, host: Host) -> list[Entry]:
    """What a recipe names, as its plugins declared it."""
    domain = recipe.domain
    chains = (recipe.generator.regularizers, recipe.discriminator.regularizers)
    return [
        host.entry("domain", domain),
        host.entry("data", recipe.data.name, domain),
        host.entry("model", recipe.model.name, domain),
        host.entry("objective", recipe.objective.name),
        *(host.entry("optimizer", player.optimizer.name) for player in (recipe.generator, recipe.discriminator)),
        *(host.entry("metric", name, domain) for name in recipe.metrics or ()),
        *(host.entry("regularizer", options.get("kind", name)) for chain in chains for name, options in chain.items()),
        *(host.entry("logger", name) for name in recipe.log),
    ]


def origins(recipe: Recipe, host: Host, *kinds: str) -> str:
    """The distributions that a recipe's components of these kinds come from, with versions and a hash of the code.

    For the names of what is cached: a version alone stays the same while its code is being changed.
    """
    found = [entry for entry in components(recipe, host) if entry.kind in kinds]
    code = code_of(*sorted({entry.target.partition(":")[0] for entry in found}))
    return ", ".join([*sorted({str(entry.origin) for entry in found}), f"code {code}"])


def surroundings(recipe: Recipe, host: Host, device: torch.device | None = None) -> dict[str, Any]:
    """What a run depends on besides its recipe, for its record: versions, plugins with their commits, device, threads.

    Asks git, so it takes a while.
    """
    used = host.provenance(components(recipe, host))
    versions = {str(e["distribution"]): str(e["version"]) for e in used if e["distribution"] != "unknown"}
    versions |= {name: metadata.version(name) for name in ("detente", "torch", "numpy")}
    on = str(device) if device else "cpu"
    name = torch.cuda.get_device_name(device) if device and device.type == "cuda" else platform.processor()
    return {
        "versions": {"python": platform.python_version(), **dict(sorted(versions.items()))},
        "plugins": used,
        "device": {"device": on, "name": name or platform.machine()},
        "threads": torch.get_num_threads(),
    }


def peak_memory(device: torch.device | None = None) -> int | None:
    """The most bytes that this process has held so far: on a GPU those of its tensors, else all of it; None unknown."""
    if device is not None and device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:  # On Linux getrusage would hand a worker the peak of the process that began it.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])
    except (OSError, IndexError, ValueError):
        pass
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else 1024 * used  # bytes there, kilobytes elsewhere
