"""Names that are not UTF-8, outputs that cannot say everything, and names that would steer a terminal."""

import io
import json
import os
import sys
from pathlib import Path

import pytest

from command_line import RING, Call
from detente import cli, load_exported
from detente.cli.display import table
from detente.errors import visible
from detente.files import encoded, write_atomically
from detente.recipe.document import dump, parse

NAME = os.fsdecode(b"caf\xe9-\xff")  # Latin-1, and a byte that is nothing
UTF8 = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")


def told(monkeypatch: pytest.MonkeyPatch, encoding: str, *arguments: str) -> tuple[int, bytes, bytes]:
    """A command whose output is redirected in an encoding."""
    out, err = io.BytesIO(), io.BytesIO()
    streams = [io.TextIOWrapper(raw, encoding=encoding, write_through=True) for raw in (out, err)]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        code = cli.main(list(arguments))
    return code, out.getvalue(), err.getvalue()


def texts(value: object) -> list[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, str) else [text for each in inner for text in texts(each)]


@UTF8
def test_a_run_whose_folder_is_not_utf8_trains_resumes_and_is_used(call: Call) -> None:
    run = Path(NAME)
    assert call(*RING, "--folder", run, "--reg", "g:ema").code == 0
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert record["status"] == "finished"
    assert str(run) in record["argv"], "what was typed comes back as it was"
    for verb in ("resume", "evaluate", "sample", "export", "report"):
        done = call(verb, run, "--json")
        assert done.code == 0, done.err
        assert os.fsencode(NAME) in b" ".join(os.fsencode(value) for value in texts(done.data))
    assert len(load_exported(run / "export").sample(3)) == 3
    assert "⟨U+DCFF⟩" in (run / "report.html").read_text(encoding="utf-8")
    assert "⟨U+DCFF⟩" in (run / "log.txt").read_text(encoding="utf-8")


@UTF8
def test_what_is_wrong_with_a_name_that_is_not_utf8_is_said(call: Call) -> None:
    for arguments in (["report", NAME], ["resume", NAME], ["train", "--recipe", NAME], ["train", NAME]):
        done = call(*arguments)
        assert done.code in (2, 3) and "DCFF" in done.err.upper(), arguments


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@pytest.mark.parametrize("verb", ["plugins", "evaluate", "show", "data", "report"])
def test_an_output_that_cannot_say_everything_says_the_rest(
    monkeypatch: pytest.MonkeyPatch, trained: Path, encoding: str, verb: str
) -> None:
    words = {"plugins": ["plugins"], "show": ["plugins", "show", "r1"], "data": ["data"]}.get(
        verb, [verb, str(trained)]
    )
    code, out, err = told(monkeypatch, encoding, *words)
    assert (code, err) == (0, b"") and len(out) > 20
    code, out, err = told(monkeypatch, encoding, *words, "--json")
    assert (code, err) == (0, b"")
    json.loads(out.decode(encoding))


def test_no_name_steers_the_terminal(call: Call, trained: Path) -> None:
    evil = "\x1b[31mred\x1b]0;title\x07\r\u202e\x9b2J"
    for arguments in (
        ["train", evil],
        ["train", "ring", "--reg", evil],
        ["train", "ring", "--set", f"{evil}=1"],
        ["report", evil],
        ["evaluate", evil],
        ["compare", evil, "--reg", "none"],
        ["plugins", "show", evil],
        ["data", "get", evil],
        [evil],
        ["train", f"--{evil}"],
        ["sample", trained, "--out", f"{evil}.txt"],
    ):
        done = call(*arguments)
        assert done.code in (2, 3), arguments
        assert not set(done.out + done.err) & set("\x1b\x07\r\u202e\x9b"), arguments


def test_a_cell_of_a_table_is_one_line() -> None:
    assert table([("a\nb", "\x1b[31m"), ("c", "d")]) == "a b  ⟨U+001B⟩[31m\nc    d"


@pytest.mark.parametrize("text", ["né", "\udcff", "日本\udc80", "\x1b\x00", "a\\udcff"])
def test_any_text_comes_back_from_json_and_yaml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x"
    write_atomically(path, json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(path.read_bytes()) == {"a": text}
    write_atomically(path, dump({text: [text]}))
    assert parse(path.read_text(encoding="utf-8"), "x") == {text: [text]}


def test_text_that_needs_no_care_is_left_alone() -> None:
    for text in ("plain", "né ∇ψ 日本 🎉", "two\nlines\tand a tab"):
        assert visible(text) == text
        assert encoded(text) == text.encode()
