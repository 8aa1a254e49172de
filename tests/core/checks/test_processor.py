"""What the processor computes in, and what is said where a recipe asks for more."""

import pytest

from detente import recipe
from detente.checks import processor
from detente.training.build import build


@pytest.fixture
def flags(monkeypatch, tmp_path):
    def of(text: str) -> None:
        (tmp_path / "cpuinfo").write_text(text)

    monkeypatch.setattr(processor, "FLAGS", tmp_path / "cpuinfo")
    return of


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("flags : fpu avx2 avx512_bf16 amx_bf16", "AMX"),
        ("flags : fpu avx512_bf16", "AVX-512"),
        ("flags : fpu avx2 avx512f", ""),
        ("Features : fp asimd bf16", None),
    ],
)
def test_the_unit_is_the_widest_of_the_flags(flags, text, unit):
    flags(text)
    assert processor.bfloat16_unit() == unit


def test_without_such_a_file_nothing_is_known(flags):
    assert processor.bfloat16_unit() is None


@pytest.mark.parametrize(
    ("text", "precision", "warned"),
    [
        ("flags : fpu avx2", "bf16", True),
        ("flags : fpu avx2", "fp32", False),
        ("flags : fpu amx_bf16", "bf16", False),
        ("Features : fp asimd", "bf16", False),
    ],
)
def test_bf16_is_warned_of_only_where_it_is_known_to_be_slow(flags, text, precision, warned):
    flags(text)
    built = build(recipe.load(domain="ring", sets=[f"precision={precision}"]), dry=True)
    assert ("bf16-in-software" in {finding.code for finding in built.findings}) == warned
