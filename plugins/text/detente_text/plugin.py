"""What this plugin declares. Nothing here imports torch: targets are imported when somebody asks for them."""

from detente.hookspecs import hookimpl


@hookimpl
def detente_register_domains(registry) -> None:
    registry.add("text", "detente_text.domain:Text", summary="sentences over a fixed vocabulary")


@hookimpl
def detente_register_data(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_text.data:{cls}", domain="text", summary=summary)

    add("bible-bbe", "BibleBBE", "clauses of the Bible in Basic English, 4 to 16 words")
    add("glosses", "Glosses", "definitions of Open English WordNet, 4 to 12 words (CC BY 4.0)")
    add("lines", "Lines", "the lines of your own text file")


@hookimpl
def detente_register_models(registry) -> None:
    def add(name: str, cls: str, summary: str, **options: object) -> None:
        registry.add(name, f"detente_text.networks:{cls}", domain="text", summary=summary, **options)

    add("relgan", "RelGAN", "recurrent generator with Gumbel noise, convolutional critic")
    add("transformer", "Transformer", "GPT-2 generator, encoder as critic")
    add("latent", "Latent", "GAN on the codes of an autoencoder")
    add(
        "relgan-null",
        "NullControl",
        "relgan under a critic that returns a constant: it cannot learn anything",
        expected_failures={
            "it_trains_resumes_exports_and_samples": "it is tried with r1, which has no effect on a constant critic"
        },
    )


@hookimpl
def detente_register_metrics(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_text.metrics:{cls}", domain="text", summary=summary)

    add("bleu", "BLEU", "n-grams shared with held-out sentences, against all of them")
    add("self-bleu", "SelfBLEU", "n-grams shared with the other samples")
    add("uniqueness", "Uniqueness", "fraction of distinct samples, and of samples outside the training data")
    add("fluency", "Fluency", "nats per word of a language model of text that the generator was not trained on")
    add("class-accuracy", "ClassAccuracy", "samples of a conditional model whose length lies in the class asked for")
    add("class-means", "ClassMeans", "the mean length of a conditional model's samples, by class")
