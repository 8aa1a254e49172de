"""The laws on sentences: every registered regularizer on a narrow RelGAN, those of installed strangers included."""

from pathlib import Path

import pytest
import torch

from dealt import dealt
from detente.plugins import host
from detente.testing import Case, check
from strong import STRONG
from texts import WORDS

# Vectors without positions are nothing to normalize over instances; the filters' answers have positions.
OPTIONS = {"instance-norm": {"where": ["filters.0", "filters.1"]}, **STRONG}


CONDITIONAL = [
    pytest.param(entry.name, marks=() if entry.name == "r1" else pytest.mark.acceptance)
    for entry in host().entries("regularizer")
    # Packing refuses critics that take labels. The generator's layers have no positions to normalize over, so it makes
    # no difference which of them instance normalization is told to take.
    if entry.name not in ("packing", "instance-norm")
]


def case(folder: Path, condition: str | None = None, size: int = 4, **options) -> Case:
    draws = torch.Generator().manual_seed(0)
    rows = torch.randint(len(WORDS), (200, 4), generator=draws).tolist()
    lines = (" ".join(WORDS[i] for i in row[: 2 + k % 3]) for k, row in enumerate(rows))
    (folder / "lines.txt").write_text("\n".join(lines), encoding="utf-8")
    h = host()
    data = h.load("data", "lines", "text")(
        path=str(folder / "lines.txt"), vocabulary=20, length=5, condition=condition, bins=2
    )
    domain = h.load("domain", "text")()
    domain.meet(data.space)
    # Soft words: a law compares slopes with finite differences, and the straight-through estimate is no slope.
    small = {"width": 6, "embedding": 4, "maps": 4, "latent_dim": 4, "sampling": "soft", "warm_up_steps": 0}
    return Case("text", domain, data, h.load("model", "relgan", "text")(**small, **options), size=size)


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def of_a_class(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case(tmp_path_factory.mktemp("text"), condition="length", size=8, conditional=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", dealt("text"))
def test_every_regularizer_keeps_the_laws_on_sentences(name, sentences):
    kind = host().load("regularizer", name)
    report = check(lambda: kind(**OPTIONS.get(name, {})), [sentences]).require()
    assert report.count("passed") >= 5, report


@pytest.mark.slow
@pytest.mark.parametrize("name", CONDITIONAL)
def test_every_regularizer_keeps_the_laws_on_sentences_of_a_class(name, of_a_class):
    kind = host().load("regularizer", name)
    report = check(lambda: kind(**OPTIONS.get(name, {})), [of_a_class]).require()
    assert report.count("passed") >= 5, report
