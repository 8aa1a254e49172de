"""Parts of sentences."""

from collections.abc import Sequence


def listed(names: Sequence[str], most: int, what: str, last: str = "and") -> str:
    """Names in a sentence, or how many where they are too many."""
    if len(names) > most:
        return f"{len(names)} {what}"
    return f" {last} ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
