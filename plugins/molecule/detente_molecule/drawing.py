"""Molecules as a drawing, and as text beside it."""

import re
from collections.abc import Sequence
from pathlib import Path

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from detente_molecule.chemistry import canonical_smiles, quiet

_ACROSS, _SIDE = 8, 150
_NOT_VALID = (
    "<text x='{x}' y='{y}' fill='#999999' font-family='sans-serif' font-size='14' text-anchor='middle'>"
    "not valid</text>\n"
)


def draw(mols: Sequence[Chem.Mol | None], path: Path) -> None:
    """Draw molecules as SVG, 8 to a row; the field of None, a graph that is none, says so."""
    across = min(_ACROSS, max(1, len(mols)))
    down = max(1, -(-len(mols) // across))
    with quiet():
        drawing = rdMolDraw2D.MolDraw2DSVG(across * _SIDE, down * _SIDE, _SIDE, _SIDE)
        options = drawing.drawOptions()
        options.drawMolsSameScale, options.fixedBondLength, options.padding = False, 28, 0.1
        drawing.DrawMolecules([mol or Chem.Mol() for mol in mols])
        drawing.FinishDrawing()
    text = drawing.GetDrawingText().replace("iso-8859-1", "utf-8", 1)
    notes = "".join(
        _NOT_VALID.format(x=(i % across + 0.5) * _SIDE, y=(i // across + 0.5) * _SIDE)
        for i, mol in enumerate(mols)
        if mol is None
    )
    path.write_text(slim(text.replace("</svg>", notes + "</svg>")), encoding="utf-8")


def write_smiles(mols: Sequence[Chem.Mol | None], path: Path) -> None:
    """Write the canonical SMILES of molecules, a line each, with their numbers in the drawing, row by row from 1."""
    lines = (f"{i:>3}  {canonical_smiles(mol) or 'not valid'}\n" for i, mol in enumerate(mols, 1))
    path.write_text("".join(lines), encoding="utf-8")


def slim(svg: str) -> str:
    """A drawing of RDKit without the names of bonds and atoms, and with each style said once, not at every line."""
    svg = re.sub(r" class='(?:bond|atom|CHARGE)[^']*'", "", svg)
    styles = list(dict.fromkeys(re.findall(r" style='([^']*)'", svg)))
    names = {style: f"s{i}" for i, style in enumerate(styles)}
    svg = re.sub(r" style='([^']*)'", lambda found: f" class='{names[found[1]]}'", svg)
    rules = "".join(f".{name}{{{style}}}" for style, name in names.items())
    return svg.replace("<!-- END OF HEADER -->", f"<style>{rules}</style>", 1)
