"""A data set of files for the domain `ring`, by a plugin of its own: what is in the file is what is trained on."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

PLUGIN = '''
import json
from pathlib import Path
from detente import UsageError, hookimpl
from detente.toys.mixture import RingData

class Points(RingData):
    """A ring as a file has it."""
    def __init__(self, path: str, limit: int = 100):
        if not Path(path).expanduser().is_file():
            raise UsageError(f"{path}: there is no such file.")
        given = json.loads(Path(path).expanduser().read_text())
        super().__init__(**{**given, "size": min(given["size"], limit)})

@hookimpl
def detente_register_data(registry):
    registry.add("points", "points_plugin:Points", domain="ring", summary="a ring from a file")
'''


def install(site: Path, patch: pytest.MonkeyPatch) -> None:
    """Put the plugin where this process and its children find it."""
    about = site / "points_plugin-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "points_plugin.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: points-plugin\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[detente]\npoints = points_plugin\n")
    patch.syspath_prepend(str(site))
    # Whoever asks for plugins next finds it; undone with the patch.
    patch.setattr(sys.modules["detente.plugins.host"], "_host", None)


def write(path: Path, **changed: Any) -> Path:
    """A file of data: 100 points of a ring, or others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"size": 100, "std": 0.1, **changed}))
    return path
