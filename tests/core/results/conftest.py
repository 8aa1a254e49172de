"""What tests of experiments' files share."""

from pathlib import Path

import pytest

from detente import recipe
from detente.results.search import Tuning
from search_folder import write_search


@pytest.fixture
def search(tmp_path: Path) -> Tuning:
    plain = recipe.load(domain="dirac", regs=["r1+g:ema"]).plain()
    del plain["seed"]
    return write_search(tmp_path / "search", plain)
