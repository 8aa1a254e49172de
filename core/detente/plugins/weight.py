"""What makes a start slow: large libraries that a plugin's declaration imports."""

import sys

HEAVY = (
    "torch",
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "sklearn",
    "PIL",
    "pydantic",
    "torchvision",
    "torchaudio",
    "transformers",
    "tensorflow",
    "jax",
    "rdkit",
    "nltk",
    "librosa",
)
"""Each takes a tenth of a second or more; torch seconds. Those that cost most come first."""


def loaded() -> frozenset[str]:
    """Which of them this process has imported."""
    return frozenset(name for name in HEAVY if name in sys.modules)


def slow(before: frozenset[str]) -> str:
    """A note on what was imported since `before`; empty if nothing was. What that itself imports is left out."""
    new = loaded() - before
    first = next((name for name in HEAVY if name in new), None)
    if first is None:
        return ""
    return (
        f"Its declaration imports {first}, so that every command waits for it. Import it in the modules that "
        "registry.add names, which are imported when they are used."
    )
