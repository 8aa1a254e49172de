"""`latent` within valences, for files of molecules of any size."""

from pathlib import Path

import pytest
import torch

from detente import Stream
from detente.recipe import resolve
from detente_molecule.chemistry import likeliest
from detente_molecule.data import Smiles
from detente_molecule.networks.latent import Latent

DRUGS = ["CC(=O)Oc1ccccc1C(=O)O", "CC(C)Cc1ccc(C(C)C(=O)O)cc1", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C", "NS(=O)(=O)c1ccccc1Cl"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "drugs.csv"
    path.write_text("ID,Canonical_Smiles,pIC50\n" + "".join(f"{i},{s},6.1\n" for i, s in enumerate(DRUGS)))
    return path


@pytest.mark.parametrize("model", [None, {"name": "latent", "valences": True}])
def test_models_of_valid_samples_alone_are_ranked_by_a_distance(file: Path, model: dict | None):
    found = resolve(None, "molecule", flags={"data": {"name": "smiles", "path": str(file)}, "model": model})
    assert found.recipe.model.name == ("selfies" if model is None else "latent")
    assert found.primary().score == "frechet" and found.primary().log


@pytest.mark.parametrize("flags", [{}, {"model": "latent"}, {"model": "molgan", "data": "wehi"}])
def test_other_models_and_data_keep_the_domains_score(flags: dict):
    found = resolve(None, "molecule", flags=flags)
    assert found.recipe.metric is None and found.primary().score == "valid-unique-novel"


def test_every_sample_is_a_molecule_and_the_generator_learns_through_it(file: Path):
    data = Smiles(str(file))
    model = Latent(code=8, width=16, warm_up_steps=2, valences=True)
    torch.manual_seed(0)
    generator, critic = model.build(data.space)
    model.warm_up((generator, critic), data, Stream(0), lambda done, of: None)  # type: ignore[arg-type]
    x = generator(torch.randn(16, model.latent_dim))
    assert all(mol is not None for mol in likeliest(x).molecules())
    critic(x).sum().backward()
    slopes = [p.grad.norm() for p in generator.parameters() if p.requires_grad and p.grad is not None]
    assert slopes and all(slope > 0 for slope in slopes)
