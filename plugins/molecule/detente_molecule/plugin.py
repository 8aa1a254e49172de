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
    add("smiles", "Smiles", "the molecules in your own file")


@hookimpl
def detente_register_models(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_molecule.networks:{cls}", domain="molecule", summary=summary)

    add("molgan", "MolGAN", "a perceptron against a relational graph network; can optimize a property")
    add("selfies", "Selfies", "strings of which every one is a molecule; warmed up by maximum likelihood")
    add("latent", "Latent", "a GAN on the codes of an autoencoder")


@hookimpl
def detente_register_metrics(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_molecule.metrics:{cls}", domain="molecule", summary=summary)

    add("validity", "Validity", "valid, unique and novel molecules")
    add("properties", "PropertyScores", "drug-likeness, logP, synthetic accessibility")
    add("internal-diversity", "Diversity", "diversity of the samples")
    add("class-accuracy", "ClassAccuracy", "samples of a conditional model whose property lies in the class asked for")
    add("class-means", "ClassMeans", "the mean property of a conditional model's samples, by class")
    add("fcd", "ChemNet", "Fréchet ChemNet distance")
