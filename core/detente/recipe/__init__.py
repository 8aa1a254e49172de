"""What to run, as data: YAML in, YAML out, and `build` turns it into a game.

Read in this order: schema (the fields), document (YAML and layers), options (signatures as schemas), arms (`--reg`),
components and optimizers (names to things), resolve (the checks), loading, building.
"""

from detente.recipe.arms import Arm, parse_arm, parse_links, slug
from detente.recipe.building import Built, build
from detente.recipe.loading import load
from detente.recipe.options import Option, options_of
from detente.recipe.schema import Component, Recipe, Side, fingerprint

__all__ = [
    "Arm",
    "Built",
    "Component",
    "Option",
    "Recipe",
    "Side",
    "build",
    "fingerprint",
    "load",
    "options_of",
    "parse_arm",
    "parse_links",
    "slug",
]
