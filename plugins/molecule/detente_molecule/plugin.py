"""What this plugin declares. Nothing here imports torch: targets are imported when somebody asks for them."""

from detente.hookspecs import hookimpl


@hookimpl
def detente_register_domains(registry) -> None:
    registry.add("molecule", "detente_molecule.domain:Molecule", summary="molecules as graphs of atoms and bonds")


@hookimpl
def detente_register_data(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_molecule.data:{cls}", domain="molecule", summary=summary)

    add("qm9", "QM9", "molecules of up to nine atoms, of the 130,831 of QM9")
    add("wehi", "Wehi", "10,000 drug-like molecules of a screening library")
    add("smiles", "Smiles", "the molecules in a file of yours")


@hookimpl
def detente_register_models(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_molecule.networks:{cls}", domain="molecule", summary=summary)

    add("molgan", "MolGAN", "a perceptron against a relational graph network; may follow a property")
    add("latent", "Latent", "an adversary on the codes of an autoencoder")


@hookimpl
def detente_register_metrics(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_molecule.metrics:{cls}", domain="molecule", summary=summary)

    add("validity", "Validity", "valid, different and new molecules")
    add("properties", "PropertyScores", "drug-likeness, logP, synthetic accessibility")
    add("internal-diversity", "Diversity", "how unlike each other samples are")
    add("fcd", "ChemNet", "Fréchet ChemNet distance")
