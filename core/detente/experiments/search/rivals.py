"""What a search ends with: the settings to run on new seeds, and the winner as a recipe."""

from dataclasses import replace

from detente.experiments.planning import seedless
from detente.experiments.vary import typed
from detente.files import write_atomically
from detente.recipe import Recipe, resolve, slug
from detente.recipe.keys import at, changed
from detente.results.cells import Arm
from detente.results.search import Rival, Trial, Tuning


def rivals(tuning: Tuning, winner: Trial) -> list[Rival]:
    """The winner, the default setting and `none`; what is one recipe is run once."""
    default, none = (tuning.content["recipes"][name] for name in ("default", "none"))
    values = {key: at(default, key) for key in tuning.labels}
    found: list[Rival] = []
    for role, text, recipe in (
        ("winner", tuning.name(winner.params), tuning.recipe(winner.params)),
        ("default", f"{tuning.name(values)} (default)", default),
        ("none", "none", none),
    ):
        same = next((i for i, rival in enumerate(found) if rival.recipe == recipe), None)
        if same is None:
            changes = {
                one.name: changed(recipe, seedless(resolve(recipe, vary=typed(one.values)))) for one in tuning.settings
            }
            found.append(Rival(Arm(text, f"fresh-{slug(text)}"), (role,), recipe, changes))
        else:
            found[same] = replace(found[same], roles=(*found[same].roles, role))
    return found


def write_best(tuning: Tuning, winner: Trial) -> None:
    """A recipe ready for `train`."""
    recipe = Recipe.model_validate({**tuning.recipe(winner.params), "seed": 0})
    head = f"# {tuning.name(winner.params)}: trial {winner.number} of the search in this folder. report.html says "
    write_atomically(tuning.best, f"{head}how good it is.\n{recipe.to_yaml()}")
