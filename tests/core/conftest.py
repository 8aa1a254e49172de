"""What several of the core's test modules start from."""

from collections.abc import Generator
from typing import Any

import pytest

from detente import recipe
from searches import CHAIN, InProcess


@pytest.fixture(scope="module")
def module_cache(tmp_path_factory: pytest.TempPathFactory):
    """A cache folder of the module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def here() -> InProcess:
    """Trains cells in this process, which takes milliseconds where a worker takes seconds."""
    return InProcess()


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """The recipe of a search, without a seed."""
    found = recipe.load(domain="dirac", regs=CHAIN).plain()
    del found["seed"]
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Names that are not UTF-8 may be in what a test printed; no report can be sent between processes with them."""
    report = yield
    report.sections = [(title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections]
    return report
