"""A cache of reference rows that is damaged is computed again, whatever is in it."""

from pathlib import Path

import pytest

from detente.toys.mixture import MLP, Modes, RingData, RingDomain
from detente.training.evaluation import reference_rows


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"null", b"\xff\xfe", b'{"rows": 3}', b""])
def test_what_cannot_be_read_is_made_anew(content: bytes, tmp_path: Path) -> None:
    def rows() -> dict[str, dict[str, float]]:
        return reference_rows(RingDomain(), [Modes()], RingData(size=10), MLP(), 20, cache=tmp_path)

    whole = rows()
    (file,) = tmp_path.rglob("*.json")
    file.write_bytes(content)
    assert rows() == whole
