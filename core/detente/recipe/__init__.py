"""Recipes, which describe a run as data: YAML in, YAML out.

Read in this order: schema (the fields), document (YAML), overlay (layers), options (signatures as schemas), chains
(`--reg`), components and optimizers (names to things), resolver (the checks), resolved (what comes of them), loading.
`detente.training.build` turns a resolved recipe into a game.
"""

import importlib
import warnings
from typing import TYPE_CHECKING, Any

from detente.compat import require

if TYPE_CHECKING:
    from detente.recipe.chains import Chains as Chains
    from detente.recipe.chains import parse_arm as parse_arm
    from detente.recipe.chains import parse_links as parse_links
    from detente.recipe.loading import load as load
    from detente.recipe.loading import resolve as resolve
    from detente.recipe.options import Option as Option
    from detente.recipe.options import options_of as options_of
    from detente.recipe.schema import Component as Component
    from detente.recipe.schema import PlayerConfig as PlayerConfig
    from detente.recipe.schema import Recipe as Recipe
    from detente.recipe.schema import fingerprint as fingerprint
    from detente.recipe.slugs import slug as slug

require("run", "pydantic", "yaml")

# Imported when first used: a recipe can be read without torch, and resolving one needs it.
_HOME = {
    "detente.recipe.chains": ("Chains", "parse_arm", "parse_links"),
    "detente.recipe.loading": ("load", "resolve"),
    "detente.recipe.options": ("Option", "options_of"),
    "detente.recipe.schema": ("Component", "PlayerConfig", "Recipe", "fingerprint"),
    "detente.recipe.slugs": ("slug",),
    "detente.training.build": ("Built", "build"),  # where they were until 0.1; kept for scripts
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
_RENAMED = {"Arm": "Chains", "Side": "PlayerConfig"}


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        now = _RENAMED[name]
        warnings.warn(f"{name} is now called {now}; the old name goes with the next release.", DeprecationWarning, 2)
        return __getattr__(now)
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'detente.recipe' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)
