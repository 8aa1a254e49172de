"""What several of the core's test modules start from."""

from typing import Any

import pytest

from detente import recipe
from detente.experiments.executors import local as pool
from detente.experiments.executors import worker
from detente.experiments.search import carrying
from detente.results.cells import Cell
from searches import CHAIN


@pytest.fixture(scope="module")
def module_cache(tmp_path_factory: pytest.TempPathFactory):
    """A cache folder of the module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """Cells train in this process, which takes milliseconds where a worker takes seconds; those that did, in order."""
    trained: list[Cell] = []

    class Here(pool.Pool):
        def run(self) -> None:
            for cell in list(self._queue):
                cell.folder.mkdir(parents=True, exist_ok=True)
                trained.append(cell)
                worker._train(cell.folder, [])
                self._board[cell] = pool.Progress(cell, cell.status, 20, 20)
            self._report()

    monkeypatch.setattr(carrying, "Pool", Here)
    return trained


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """The recipe of a search, without a seed."""
    found = recipe.load(domain="dirac", regs=CHAIN).plain()
    del found["seed"]
    return found
