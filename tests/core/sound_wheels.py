"""A distribution with all metadata that users need, to be built with or without some of them."""

from collections.abc import Mapping

from distributions import Distribution
from sample_plugins import HOOKIMPL

SAID = """Summary: A penalty
License-Expression: MIT
License-File: LICENSE
Classifier: Programming Language :: Python :: 3
Classifier: Topic :: Scientific/Engineering :: Artificial Intelligence
Classifier: Typing :: Typed
Requires-Python: >=3.11
Requires-Dist: detente
Description-Content-Type: text/markdown

# A penalty
"""
PLUGIN = f"""{HOOKIMPL}
@hookimpl
def detente_register_regularizers(registry):
    registry.add("NAME", "builtins:int")
"""


def distribution(name: str, said: str = SAID, plugin: str = PLUGIN, without: str = "", init: str = "") -> Distribution:
    package = f"detente_{name}"
    files = {
        f"{package}/__init__.py": init,
        f"{package}/py.typed": "",
        f"{package}/plugin.py": plugin.replace("NAME", name),
        f"{package}-1.0.dist-info/licenses/LICENSE": "Do as you please.",
    }
    kept: Mapping[str, str] = {path: text for path, text in files.items() if not (without and without in path)}
    return Distribution(f"detente-{name}", "1.0", kept, {name: f"{package}.plugin"}, said)
