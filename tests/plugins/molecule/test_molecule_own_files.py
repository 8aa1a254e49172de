"""A file of molecules of any size: its model, its score, and what is said where none is valid."""

import pytest
import torch

from detente.recipe import resolve
from detente_molecule.chemistry import ATOMS, BONDS, fault
from detente_molecule.domain import Molecule

K, T = len(BONDS) + 1, len(ATOMS) + 1


@pytest.mark.parametrize("data", [{"name": "smiles", "path": "drugs.csv"}, "wehi"])
def test_molecules_of_many_atoms_are_written_as_strings_and_ranked_by_a_distance(data: object):
    found = resolve(None, "molecule", flags={"data": data})
    assert found.recipe.model.name == "selfies"
    assert found.primary().score == found.recipe.metric == "frechet" and found.primary().log


@pytest.mark.parametrize("flags", [{}, {"model": "latent"}, {"model": "molgan", "data": "wehi"}])
def test_graphs_keep_the_score_of_the_domain(flags: dict):
    found = resolve(None, "molecule", flags=flags)
    assert found.recipe.metric is None and found.primary().score == "valid-unique-novel"


def test_a_whole_recipe_from_before_keeps_its_model_and_its_options():
    new = resolve(
        None, "molecule", flags={"data": {"name": "smiles", "path": "m.smi"}, "model": "latent"}
    ).recipe.plain()
    assert resolve(new).recipe.plain() == new and new["model"]["name"] == "latent"


def sample(n: int, atoms: dict[int, int], bonds: dict[tuple[int, int], int]) -> tuple[torch.Tensor, torch.Tensor]:
    kinds, orders = torch.zeros(n, dtype=torch.long), torch.zeros(n, n, dtype=torch.long)
    for i, kind in atoms.items():
        kinds[i] = kind
    for (i, j), order in bonds.items():
        orders[i, j] = orders[j, i] = order
    one = torch.nn.functional.one_hot
    return one(orders, K).float()[None], one(kinds, T).float()[None]


C, F = 1, 4
FAULTY = {
    "have no atom": ({}, {}),
    "have a bond that ends at no atom": ({0: C}, {(0, 1): 1}),
    "have an atom with too many bonds": ({0: F, 1: C, 2: C}, {(0, 1): 1, (0, 2): 1}),
    "are in several parts": ({0: C, 1: C}, {}),
}


@pytest.mark.parametrize("why", FAULTY)
@pytest.mark.parametrize(("n", "remedy"), [(9, "Train longer"), (30, "--model selfies")])
def test_where_no_sample_is_valid_the_cause_and_the_remedy_are_said(why: str, n: int, remedy: str):
    said = Molecule().diagnosis(sample(n, *FAULTY[why]))
    assert said.startswith(f"no valid molecule among 1: 1 {why}. They have up to {n} atoms.") and remedy in said


def test_one_valid_molecule_is_enough_for_nothing_to_be_said():
    (b1, a1), (b2, a2) = sample(5, {0: C, 1: C}, {(0, 1): 1}), sample(5, {}, {})
    assert Molecule().diagnosis((torch.cat([b1, b2]), torch.cat([a1, a2]))) == ""
    assert fault(a1[0].argmax(-1).numpy(), b1[0].argmax(-1).numpy()) == ""
