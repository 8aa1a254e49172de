import errno
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from detente.errors import UsageError
from detente.files import naming, plain, replace_atomically, staged, write_atomically


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


@pytest.mark.skipif(sys.platform == "win32", reason="there are none of these there")
@pytest.mark.parametrize("kind", ["pipe", "socket", "link to a pipe", "link to a device"])
def test_no_file_takes_the_place_of_what_is_none(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's name is short
    if "pipe" in kind:
        os.mkfifo("pipe")
    if kind.startswith("link"):
        Path("x.png").symlink_to("pipe" if "pipe" in kind else os.devnull)
    elif kind == "pipe":
        Path("pipe").rename("x.png")
    else:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("x.png")
    before = Path("x.png").lstat()
    with pytest.raises(UsageError, match=r"x\.png: is a .*, which no file replaces; move it"):
        write_atomically(Path("x.png"), b"picture")
    for name in ("x.png", "y.png"):  # asked for, and come along
        with pytest.raises(UsageError, match=r"x\.png: is a .*, which no"), staged(Path(name)) as new:
            new.with_name("x.png").write_bytes(b"picture")
    assert Path("x.png").lstat() == before
    assert not list(Path().glob("*.partial"))


def test_a_link_to_a_file_or_to_nothing_gives_way(tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("years of work")
    for name, target in (("a", "thesis"), ("b", "nothing"), ("c", "c")):
        (tmp_path / name).symlink_to(target)
        write_atomically(tmp_path / name, "new")
        assert not (tmp_path / name).is_symlink() and (tmp_path / name).read_text() == "new"
    assert (tmp_path / "thesis").read_text() == "years of work" and not (tmp_path / "nothing").exists()


def test_where_a_folder_is_in_the_way_of_one_file_none_of_them_is_written(tmp_path: Path) -> None:
    (tmp_path / "molecules.smi").mkdir()

    def write() -> None:
        with staged(tmp_path / "a.svg") as new:
            for name in ("a.svg", "molecules.smi", "b.csv"):
                new.with_name(name).write_text("new")

    with pytest.raises(UsageError, match=r"molecules\.smi: is a folder, which no file replaces"):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["molecules.smi"]


@pytest.mark.parametrize("way", ["whole", "staged", "growing"])
def test_a_disk_that_fails_within_a_file_has_the_error_name_the_file(tmp_path: Path, way: str) -> None:
    path = tmp_path / "x.bin"

    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "full")

    def stage() -> None:
        with staged(path) as new:
            full(new)

    def grow() -> None:
        with naming(path):
            full(path)

    ways = {"whole": lambda: replace_atomically(path, full), "staged": stage, "growing": grow}
    with pytest.raises(OSError, match="full") as caught:
        ways[way]()
    assert caught.value.filename == str(path) and not list(tmp_path.iterdir())


def test_an_error_of_a_library_or_about_another_file_is_left_as_it_is(tmp_path: Path) -> None:
    for error in (OSError("cannot write this mode"), OSError(errno.ENOENT, "no", "elsewhere")):
        with pytest.raises(OSError, match="no") as caught, naming(tmp_path / "x"):
            raise error
        assert caught.value.filename in (None, "elsewhere")
