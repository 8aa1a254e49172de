"""The domain of molecules: features, drawings, augmentations and the baseline."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from rdkit import Chem
from torch import Tensor

from detente import Data, Domain, Primary, Sample, Space, UsageError
from detente_molecule import drawing
from detente_molecule.augmentations import atom_masking, bond_masking, relabelling, symbol_masking, symmetric
from detente_molecule.chemistry import Graphs, canonical_smiles, fault, likeliest, pair, quiet
from detente_molecule.classes import COMPUTED
from detente_molecule.extractors import IDENTITY, run
from detente_molecule.strings import Strings, likeliest_symbols

_COLUMNS = {**dict.fromkeys(("qed", "logp", "sa", "weight", "tpsa"), "{:.4f}"), "rings": "{:.0f}"}
"""Properties in the table of samples, and how they are written."""
_MOST_ROWS = 10_000
_SMALL = 12
"""Atoms up to which graphs that are written at once are valid now and then."""


class Molecule(Domain):
    """Graphs as pairs (bonds [B, N, N, K], atoms [B, N, T]), both one-hot, type 0 being none.

    Features for distances and densities are the environments that a graph's atoms have, valid or not: Morgan counts up
    to radius 2, as log(1 + count), folded to 2,048 and projected to 64 by fixed random directions, which keep distances
    nearly as they are (Johnson & Lindenstrauss). A graph that is not valid has them as far as it goes, so that every
    sample counts and nothing has to stand in for those that RDKit refuses; a five-valent carbon is an environment that
    no real molecule has.
    """

    name = "molecule"
    primary = Primary(
        score="valid-unique-novel",
        direction="higher",
        protocol="different valid molecules that were not trained on, over all samples; valid: sanitized by RDKit and"
        " connected",
    )
    metrics = (
        "validity",
        "properties",
        "internal-diversity",
        "frechet",
        "kernel-distance",
        "prdc",
    )
    augmentations = {"relabelling": relabelling, "bond-masking": bond_masking, "atom-masking": atom_masking}
    preview_suffix = ".svg"
    preview_count = 32
    sample_count = 1000

    symbols: tuple[str, ...] = ()
    """Of strings, where the samples are such."""

    def meet(self, space: Space) -> None:
        """Take the symbols of strings; masking them is then the only augmentation."""
        self.symbols = space.leaves[0].symbols
        if self.symbols:
            self.augmentations = {"symbol-masking": symbol_masking}

    def read(self, x: Sample) -> Graphs | Strings:
        """Samples of either form, to be read as molecules."""
        return likeliest_symbols(x, self.symbols) if isinstance(x, Tensor) else likeliest(x)

    @property
    def features_identity(self) -> str:
        return IDENTITY

    def features(self, x: Sample) -> Tensor:
        return run(self.read(x).loose())

    def preview(self, x: Sample, path: Path) -> None:
        """Draw the molecules, 8 to a row, the field of a graph that is none says so; their SMILES beside."""
        mols = self.read(x).molecules()
        drawing.draw(mols, path)
        drawing.write_smiles(mols, path.with_name(f"{path.stem}-smiles.txt"))

    def save(self, x: Sample, folder: Path) -> list[Path]:
        """Write the valid molecules: `molecules.smi`, a SMILES a line, and `molecules.csv`, with their properties.

        `qed` is drug-likeness from 0 to 1, `logp` the octanol-water coefficient, `sa` synthetic accessibility from 1
        (easy) to 10 (hard), `weight` in g/mol, `tpsa` the polar surface in Å², `rings` their number.
        """
        valid = [mol for mol in self.read(x).molecules() if mol is not None]
        smiles = [Chem.MolToSmiles(mol, isomericSmiles=False) for mol in valid]
        plain, table = folder / "molecules.smi", folder / "molecules.csv"
        plain.write_text("".join(f"{one}\n" for one in smiles), encoding="utf-8")
        with table.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["smiles", *_COLUMNS])
            for one in smiles:
                rows.writerow([one, *(form.format(COMPUTED[name](one)) for name, form in _COLUMNS.items())])
        return [plain, table]

    def content(self, x: Sample) -> dict[str, list[Any]]:
        """`molecules`: RDKit's, None for a graph that is not valid; `smiles`: canonical, None likewise."""
        mols = self.read(x).molecules()
        return {"smiles": [canonical_smiles(mol) for mol in mols], "molecules": mols}

    def usable(self, x: Sample) -> Tensor:
        """Those that are valid: RDKit accepts them, and they are one connected molecule."""
        return torch.tensor([mol is not None for mol in self.read(x).molecules()])

    def diagnosis(self, x: Sample) -> str:
        """Why no sample is a valid molecule, where none is."""
        graphs = self.read(x)
        if not isinstance(graphs, Graphs):
            return ""  # every string is a molecule
        with quiet():
            why = Counter(fault(a, b) for a, b in zip(graphs.atoms, graphs.bonds, strict=True))
        if "" in why or not why:
            return ""
        causes = ", ".join(f"{count:,} {what}" for what, count in why.most_common())
        n = graphs.atoms.shape[1]
        do = "Train longer, or add gradient-penalty with objective=wasserstein."
        if n > _SMALL:
            do = "Use --model selfies: of its strings every one is a molecule."
        return f"no valid molecule among {len(graphs.atoms):,}: {causes}. They have up to {n} atoms. {do}"

    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Sample:
        """Random graphs: each atom and each pair of atoms has its type as often as in the data, whatever others have.

        Of strings, each place has its symbol as often. At most 10,000 molecules are looked at.
        """
        some = torch.randperm(len(data), generator=generator)[:_MOST_ROWS]
        x = data.batch(some).x
        if isinstance(x, Tensor):
            return _drawn(x.mean(0), n, generator)
        bonds, atoms = pair(x)
        drawn_bonds = _drawn(bonds.mean(0), n, generator).movedim(-1, 1).triu(1)  # [n, K, N, N]
        drawn_bonds = (drawn_bonds + drawn_bonds.mT).movedim(1, -1)
        diagonal = torch.arange(bonds.shape[1])
        drawn_bonds[:, diagonal, diagonal, 0] = 1
        return drawn_bonds, _drawn(atoms.mean(0), n, generator)

    def noise_like(self, x: Sample, generator: torch.Generator) -> Sample:
        """Standard normal noise; both directions of a bond have the same."""
        if isinstance(x, Tensor):
            return super().noise_like(x, generator)
        bonds, atoms = (
            torch.randn(leaf.shape, generator=generator, device=leaf.device, dtype=leaf.dtype) for leaf in pair(x)
        )
        return symmetric(bonds), atoms


def _drawn(often: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """One-hot draws [n, ...] by the frequencies in the last dimension."""
    kinds = often.shape[-1]
    index = torch.multinomial(often.reshape(-1, kinds), n, replacement=True, generator=generator)  # [places, n]
    return torch.nn.functional.one_hot(index.T, kinds).float().unflatten(1, often.shape[:-1])


def read(x: Sample, domain: Domain) -> Graphs | Strings:
    """Samples to be read as molecules, by the domain that knows their symbols.

    Raises:
        UsageError: it is not that of molecules.
    """
    if not isinstance(domain, Molecule):
        raise UsageError(f"these scores are of molecules, but the samples are of the domain {domain.name!r}.")
    return domain.read(x)
