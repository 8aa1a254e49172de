"""What the arms of a study share with the reference on a seed, and what they no longer do."""

from collections.abc import Mapping
from typing import Any

from detente.recipe.keys import flat
from detente.results.study import Study

_LOSES = {
    "model": "other networks, so other initial weights",
    "batch": "other batches",
    "critic_steps": "other numbers of updates, so other batches at the same step",
    "simultaneous": "another order of updates",
    "generator_first": "another order of updates",
    "fresh_fakes": "other latents",
    "steps": "another number of steps",
    "precision": "another precision",
}
"""First part of a key → what runs of one seed have no longer in common."""


def unpaired(study: Study) -> list[str]:
    """A sentence for each arm that does not share with the reference what arms of the same seed otherwise share."""
    found: dict[str, None] = {}
    for domain in study.domains:
        recipes = study.recipes(domain)
        if (base := recipes.get(study.against)) is None:
            continue
        for arm in study.others:
            if lost := _lost(base, recipes.get(arm, base)):
                found[
                    f"“{arm.text}” has {' and '.join(lost)} than “{study.against.text}”: with the same seed the two "
                    "share less than other arms do, so their differences vary more."
                ] = None
    return list(found)


def _lost(base: Mapping[str, Any], recipe: Mapping[str, Any]) -> list[str]:
    before, after = flat(base), flat(recipe)
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return list(dict.fromkeys(_LOSES[first] for key in keys if (first := key.partition(".")[0]) in _LOSES))
