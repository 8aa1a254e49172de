"""Whether a text is in the language that the feature extractor was trained on."""

from collections.abc import Sequence

from detente_text.vocabulary import words

_COMMONEST = """the of and to in is it that was for on are as with his they at be this have from or had by not but what
all were we when your can said there an each which she do how their if will up other about out many then them these so
her would him has he you i my me no its who"""
_ENGLISH = frozenset(_COMMONEST.split())
"""Of English two words of five are among them, of other languages one of twenty."""
_LEAST = 0.15
_LOOKED_AT = 2000


def foreign(sentences: Sequence[str]) -> str:
    """A sentence about what the features are worth, where a text is not English; empty where it is."""
    found = [word for text in sentences[:_LOOKED_AT] for word in words(text) if word.isalpha()]
    if not found or sum(word in _ENGLISH for word in found) >= _LEAST * len(found):
        return ""
    return (
        "this does not look like English, on which the network was trained whose features carry the Fréchet and kernel"
        " distances, precision, recall, density and coverage: they can rank runs on these lines, and mean little beyond"
        " that. BLEU, self-BLEU, uniqueness and fluency know no language."
    )
