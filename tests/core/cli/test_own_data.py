"""`--data`: a name or a path, and what is said of it."""

from pathlib import Path

import pytest

from command_line import Call
from detente.cli import own_data
from detente.cli.display import Session
from detente.errors import UsageError
from detente.plugins import discover

HOST = discover()
READERS = {"image": "folder", "speech": "folder", "text": "lines", "molecule": "smiles"}
INSTALLED = [domain for domain in READERS if any(e.name == domain for e in HOST.entries("domain"))]


@pytest.mark.parametrize("domain", INSTALLED)
@pytest.mark.parametrize("text", ["./mine", "mine", "mine.csv", "my files/é"])
def test_what_exists_is_read_by_the_reader_of_the_domain_from_its_whole_path(
    domain: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(text).mkdir(parents=True)
    found = own_data.chosen(Session([]), HOST, text, domain, None)
    assert found == {"name": READERS[domain], "path": str(tmp_path / text)}
    assert f"the folder {tmp_path / text}, read as the data set '{READERS[domain]}'" in capsys.readouterr().err


def test_a_registered_name_stays_one_where_a_folder_is_called_so_and_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("ring").mkdir()
    assert own_data.chosen(Session([]), HOST, "ring", "ring", None) == "ring"
    assert "write --data ./ring" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["./mine", "mine.csv", "a/b", "~/nothing-of-the-kind"])
def test_a_path_where_there_is_nothing_is_refused_and_named(text: str) -> None:
    with pytest.raises(UsageError, match="there is no such file or folder") as error:
        own_data.chosen(Session([]), HOST, text, "ring", None)
    assert f"--data {text}: " in str(error.value)


def test_a_domain_without_a_reader_says_so(call: Call) -> None:
    Path("mine.txt").touch()
    for verb in (["train", "ring"], ["check", "ring"], ["compare", "ring", "--reg", "none"], ["tune", "ring"]):
        done = call(*verb, "--data", "mine.txt")
        assert (done.code, "--data mine.txt: ring reads no files of your own" in done.err) == (2, True), verb


def test_the_domain_may_be_in_the_recipe() -> None:
    Path("mine.txt").touch()
    Path("recipe.yaml").write_text("domain: ring\n")
    with pytest.raises(UsageError, match="ring reads no files of your own"):
        own_data.chosen(Session([]), HOST, "mine.txt", None, Path("recipe.yaml"))


def test_without_the_flag_nothing_is_chosen() -> None:
    assert own_data.chosen(Session([]), HOST, None, "ring", None) is None


@pytest.mark.skipif(not INSTALLED, reason="no plugin that reads the user's files is installed")
def test_data_shows_how_ones_own_is_used(call: Call) -> None:
    said, told = call("data").out, call("data", "--json").data["your_own"]
    for domain in INSTALLED:
        assert f"  your own: detente train {domain} --data PATH" in said.splitlines()
    assert {one["name"] for one in told} >= {READERS[domain] for domain in INSTALLED}


@pytest.mark.skipif("molecule" not in INSTALLED, reason="needs detente-molecule")
def test_a_file_of_ones_own_is_in_the_recipe_of_every_verb(call: Call, tmp_path: Path) -> None:
    Path("mine.csv").write_text("smiles\n" + "\n".join("C" * n + "O" for n in range(1, 9)) + "\n")
    own = ["molecule", "--data", "mine.csv", "--set", "data.largest=9"]
    train = call("train", *own, "-n", "--json", "--set", "samples=2", "--set", "metrics=[validity]")
    assert train.code in (0, 2), train.err  # so few molecules may be refused, after they were read
    assert "mine.csv, read as the data set 'smiles' of molecule" in train.err
    if train.code == 0:
        assert train.data["data"]["path"] == str(tmp_path / "mine.csv")
        assert train.data["data"]["largest"] == 9
