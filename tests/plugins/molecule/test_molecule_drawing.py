"""Drawings of molecules and the text beside them."""

import re
from xml.etree import ElementTree

import pytest
from rdkit import Chem

from detente_molecule import drawing

SMILES = ["CCO", "c1ccccc1", "C[N+](C)(C)C", "N#CC(=O)O", "C1CC1", "O=C1CCCN1", "FC(F)F", "CSC", "OCC(O)CO"]


@pytest.mark.parametrize("n", [1, 3, 9])
def test_each_molecule_has_its_smiles_in_a_line_with_its_number(tmp_path, n):
    mols = [Chem.MolFromSmiles(text) for text in SMILES[:n]]
    mols[-1] = None
    drawing.write_smiles(mols, tmp_path / "x.txt")
    lines = [line.split(maxsplit=1) for line in (tmp_path / "x.txt").read_text().splitlines()]
    assert [int(number) for number, _ in lines] == list(range(1, n + 1))
    assert lines[-1][1] == "not valid"
    for text, (_, found) in zip(SMILES[: n - 1], lines[:-1], strict=True):
        assert Chem.CanonSmiles(text) == Chem.CanonSmiles(found)


def test_a_slim_drawing_has_every_line_and_every_style_of_the_one_before(tmp_path, monkeypatch):
    mols = [Chem.MolFromSmiles(text) for text in SMILES]
    drawing.draw(mols, tmp_path / "slim.svg")
    monkeypatch.setattr(drawing, "slim", lambda svg: svg)
    drawing.draw(mols, tmp_path / "whole.svg")
    slim, whole = ((tmp_path / f"{name}.svg").read_text(encoding="utf-8") for name in ("slim", "whole"))
    assert len(slim) < 0.6 * len(whole)
    rules = dict(re.findall(r"\.(s\d+)\{([^}]*)\}", slim))

    def lines(svg: str) -> list[tuple[str | None, str | None]]:
        return [
            (e.get("d"), e.get("style") or rules.get(e.get("class") or ""))
            for e in ElementTree.fromstring(svg).iter()
            if e.tag.endswith("path")
        ]

    assert lines(slim) == lines(whole)
    assert len(rules) >= 4
