import os
import stat
from pathlib import Path

import pytest

from detente.files import plain, replace_atomically, write_atomically


def test_a_file_has_its_new_content_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    for content in ("old", "né", b"\x00\xff"):
        write_atomically(file, content)
        assert file.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [file]


def test_whatever_goes_wrong_the_old_content_stays(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")

    def half(partial: Path) -> None:
        partial.write_text("ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_atomically(file, half)
    assert (file.read_text(), list(tmp_path.iterdir())) == ("old", [file])


def test_two_writers_do_not_take_each_others_files(tmp_path: Path) -> None:
    file = tmp_path / "a"

    def slow(partial: Path) -> None:
        partial.write_text("first")
        write_atomically(file, "second")
        assert partial.read_text() == "first"

    replace_atomically(file, slow)
    assert (file.read_text(), list(tmp_path.iterdir())) == ("first", [file])


def test_the_new_file_is_made_new_and_follows_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    (tmp_path / "a.00.partial").symlink_to(elsewhere)
    monkeypatch.setattr("secrets.token_hex", lambda n: "00")
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "a", "new")
    assert elsewhere.read_text() == "precious"


def test_a_file_gets_the_rights_that_new_files_have_here(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "x")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~umask


def test_numbers_that_json_does_not_know_become_null() -> None:
    assert plain({1: [float("nan"), float("inf"), 1.5, (Path("a"),)]}) == {"1": [None, None, 1.5, ["a"]]}
