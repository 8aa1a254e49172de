"""A user's file may be anything: what it is comes out as a sentence, not as a hang, a crash or half of its content."""

import gzip
import io
import os
import socket
import tarfile
import zipfile
from functools import partial
from pathlib import Path

import pytest

from detente.domains import sources
from detente.domains.sources import LONGEST_LINE, archived, file_of, folder_of, shown, text_lines
from detente.errors import UsageError

gzipped = partial(gzip.compress, mtime=0)  # equal bytes in every process, as names of tests have to be


def lines(file: Path, **options: str) -> list[str]:
    return list(text_lines(file, "data 'x'", **options))


def refusal(file: Path, **options: str) -> str:
    with pytest.raises(UsageError) as refused:
        lines(file, **options)
    return str(refused.value)


def test_only_a_regular_file_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "link").symlink_to("a.txt")
    assert file_of(str(tmp_path / "link"), "data 'x'") == (tmp_path / "a.txt").resolve()
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # the address of a socket may have a hundred bytes
        listening.bind("socket")
    for name, what in (
        (str(tmp_path / "pipe"), "is a pipe, a socket or a device, not a regular file"),
        (str(tmp_path / "socket"), "is a pipe, a socket or a device, not a regular file"),
        ("/dev/zero", "is a pipe, a socket or a device, not a regular file"),
        (str(tmp_path), "is a folder"),
        (str(tmp_path / "b.txt"), "does not exist"),
        (str(tmp_path / "a.txt" / "c"), "does not exist"),
    ):
        with pytest.raises(UsageError) as refused:
            file_of(name, "data 'x'")
        assert str(refused.value) == f"data 'x': {name} {what}; set data.path to a file."


@pytest.mark.parametrize("find", [file_of, folder_of])
def test_what_the_system_cannot_look_up_is_one_sentence(tmp_path: Path, find) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    for path in (str(tmp_path / "one"), "a\0b", "~nobody-of-this-name/x", "x" * 5000):
        with pytest.raises(UsageError, match=r"^data 'x' cannot read .* \(.+\)\. Set data\.path anew\.$"):
            find(path, "data 'x'")


def test_names_are_shown_in_characters_that_any_output_has() -> None:
    assert shown("Größe 2.smi") == "Größe 2.smi"
    assert shown(os.fsdecode(b"caf\xe9.smi")) == r"caf\xe9.smi"
    assert shown("a\nb\x1b[31m") == r"a\nb\x1b[31m"
    assert shown("\ud800") == r"\ud800"


TEXT = "größer\nzwei\ndrei"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_marks_line_ends_and_gzip_are_understood(tmp_path: Path, encoding: str, end: str, pack) -> None:
    (tmp_path / "a").write_bytes(pack(TEXT.replace("\n", end).encode(encoding)))
    assert lines(tmp_path / "a") == TEXT.split("\n")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "utf-16-be", "cp1252"])
def test_an_encoding_without_a_mark_has_to_be_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a").write_bytes(TEXT.encode(encoding))
    assert lines(tmp_path / "a", encoding=encoding) == TEXT.split("\n")
    expected = "UTF-16 without a byte-order mark" if "16" in encoding else "is not utf-8: byte 0xf6"
    assert expected in refusal(tmp_path / "a")


def test_broken_bytes_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"CCO\n\xff\xfeC\nN\n")
    assert lines(tmp_path / "a", errors="replace") == ["CCO", "\ufffd\ufffdC", "N"]


@pytest.mark.parametrize("encoding", ["utf-7a", "rot13", "a\0b"])
def test_an_unknown_encoding_is_one_sentence(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a").write_bytes(b"a")
    assert "data 'x'" in refusal(tmp_path / "a", encoding=encoding)


def test_an_endless_line_comes_cut_and_the_next_one_whole(tmp_path: Path) -> None:
    for length in (LONGEST_LINE - 1, LONGEST_LINE, LONGEST_LINE + 1, 3 * LONGEST_LINE):
        (tmp_path / "a").write_text(f"one\n{'x' * length}\n\nthree\n")
        found = lines(tmp_path / "a")
        assert [len(line) for line in found] == [3, min(length, LONGEST_LINE), 0, 5]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04rest", "a zip archive"),
        (b"\xfd7zXZ\0rest", "packed by xz"),
        (b"%PDF-1.7", "a PDF"),
        (b"CCO\0\0\0", "bytes of zero"),
        (gzipped(b"BZh91AY"), "packed by bzip2"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "a").write_bytes(content)
    assert kind in refusal(tmp_path / "a")


def tar(*files: tuple[str, bytes], mode: str = "w") -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode=mode) as archive:  # pyright: ignore[reportCallIssue, reportArgumentType]
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return into.getvalue()


def zipped(*files: tuple[str, bytes]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return into.getvalue()


FILES = (("a/1.wav", b"one" * 1000), ("notes.txt", b"no"), ("../2.WAV", b"two" * 1000))


def test_a_tar_archive_is_no_text_either(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(tar(*FILES, mode="w:gz"))
    assert "is a tar archive, not text" in refusal(tmp_path / "a.tgz")


@pytest.mark.parametrize("content", [tar(*FILES), tar(*FILES, mode="w:gz"), tar(*FILES, mode="w:xz"), zipped(*FILES)])
def test_archives_give_the_files_that_are_wanted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert list(archived(tmp_path / "a", (".wav",))) == [("a/1.wav", b"one" * 1000), ("../2.WAV", b"two" * 1000)]


def damaged(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def encrypted() -> bytes:
    marked = bytearray(zipped(("a.wav", b"one")))
    marked[6] |= 1  # the flag in the file's own header and in the directory
    marked[marked.index(b"PK\x01\x02") + 8] |= 1
    return bytes(marked)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (encrypted(), "encrypted"),
        (tar(*FILES)[:1024], "unexpected end"),  # in the first file
        (tar(*FILES)[: 512 + 3072 + 512], "damaged or cut off|unexpected end"),
        (damaged(tar(*FILES), 512 + 3072 + 10), "damaged or cut off"),  # in the second header
        (tar(*FILES, mode="w:gz")[:-20], "."),
        (damaged(zipped(*FILES), 45), "."),
        (zipped(*FILES)[:-10], "."),
        (b"", "."),
        (b"no archive" * 100, "."),
    ],
)
def test_an_archive_that_is_not_whole_is_no_archive(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match=why):
        list(archived(tmp_path / "a", (".wav", ".txt")))


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_UNPACKED", 1 << 20)
    zeros = bytes(3 << 20)
    (tmp_path / "a").write_bytes(gzipped(b"x" * (3 << 20)))
    assert "unpacks to more than" in refusal(tmp_path / "a")
    for content in (zipped(("a.txt", zeros)), tar(("a.txt", zeros), mode="w:gz")):
        (tmp_path / "b").write_bytes(content)
        with pytest.raises(ValueError, match="unpacks to more than"):
            list(archived(tmp_path / "b", (".wav",)))


@pytest.mark.parametrize("spoilt", [lambda c: c[:-12], lambda c: damaged(c, 40), lambda c: c + b"more"])
def test_a_damaged_gzip_file_says_how_far_it_could_be_read(tmp_path: Path, spoilt) -> None:
    (tmp_path / "a").write_bytes(spoilt(gzipped("".join(f"C{i}\n" for i in range(500)).encode())))
    assert "cannot read" in refusal(tmp_path / "a")
