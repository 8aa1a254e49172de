"""What the tests of the command line start from."""

from pathlib import Path

import pytest

from command_line import RING, Call, Done
from detente import cli


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current folder, and one cache for all tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process."""

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with a rewritten and averaged generator."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        assert cli.main([*RING, "--reg", "g:spectral-norm+g:ema+d:r1(every=4)", "--folder", str(folder), "-q"]) == 0
    return folder
