"""Molecules as graphs and as text, and a small recipe."""

from rdkit import Chem

from detente import recipe


def canonical(smiles: str) -> str:
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False)


def nothing(done: int, of: int) -> None:
    pass


def recipe_of(*regs: str, **settings: object) -> recipe.Recipe:
    sets = {"data.size": 300, "model.width": 8, "model.messages": "[6, 4]", "model.readout": 6, **settings}
    return recipe.load(domain="molecule", regs=list(regs), sets=[f"{k}={v}" for k, v in sets.items()])
