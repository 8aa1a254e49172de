"""Arguments that nobody means well: a sentence, exit code 2 or 3, and nothing left behind."""

import os
from pathlib import Path

import pytest

from command_line import RING, SMALL, Call

LONG, DEEP, HUGE = "x" * 300, "a/" * 2500, "9" * 5000
TUNE = ["tune", "ring", "--reg", "r1", "--search"]
RANGE = "r1.gamma=log:1..2"

PATHS = [LONG, "b" * 5000, DEEP, "/etc/passwd", "/dev/null", "~no-such-user/x", "no/such/place"]
WITH_PATH = {
    "resume": ["resume", "{}"],
    "evaluate": ["evaluate", "{}"],
    "sample": ["sample", "{}"],
    "export": ["export", "{}"],
    "report": ["report", "{}"],
    "recipe": ["train", "--recipe", "{}"],
    "check": ["check", "{}"],
    "from": ["tune", "--from", "{}"],
    "preset": ["compare", "--preset", "{}"],
    "preview of a data set": ["data", "get", "{}"],
}


def refused(call: Call, *arguments: str) -> str:
    """What is said on standard error."""
    done = call(*arguments)
    assert done.code in (2, 3), done.err[-500:]
    assert "bug" not in done.err and "Traceback" not in done.err
    assert not [path for path in Path().rglob("*") if path.is_file()]
    error = done.err[done.err.index("Error: ") :]
    assert len(error) < 4000
    return error


@pytest.mark.parametrize("verb", WITH_PATH)
@pytest.mark.parametrize("path", PATHS, ids=["300", "5000", "deep", "file", "device", "nobody", "missing"])
def test_a_path_that_cannot_be_is_a_sentence(call: Call, verb: str, path: str) -> None:
    refused(call, *(argument.format(path) for argument in WITH_PATH[verb]))


@pytest.mark.parametrize("path", [LONG, "b" * 5000, DEEP, "/etc/passwd"], ids=["300", "5000", "deep", "file"])
@pytest.mark.parametrize("where", ["--out", "--folder"])
def test_a_folder_that_cannot_be_made_is_a_sentence(call: Call, where: str, path: str) -> None:
    refused(call, *RING, where, path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "ring", "--reg", "none", "--seeds", "1000000"],
        ["compare", "ring", "--reg", "none", "--seeds", HUGE],
        ["compare", "ring", "--reg", "none", "--seeds", f"1,{10**25}"],
        ["compare", "ring", "grid", "--reg", "none", "--reg", "r1", "--seeds", "2501"],
        ["compare", "ring", "--reg", "none", "--seeds", str(2**63) + ","],
        [*TUNE, RANGE, "--seeds", HUGE],
        [*TUNE, RANGE, "--trials", HUGE],
        ["train", "ring", "--batch", HUGE],
        ["train", "ring", "--set", f"steps={HUGE}"],
        ["train", "ring", "--steps", str(10**18)],
        ["train", "ring", "--threads", str(10**9)],
        ["compare", "ring", "--reg", "none", "--jobs", "9" * 100],
        ["train", "ring", "--seed", "-1"],
        ["train", "ring", "--seed", "9" * 30],
        ["train", "ring", "--device", "cuda:99999999999999999999"],
        ["train", "ring", "--set", f"data.size={10**12}"],
    ],
    ids=lambda arguments: " ".join(arguments)[:60],
)
def test_a_number_that_is_too_large_is_a_sentence(call: Call, arguments: list[str]) -> None:
    refused(call, *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "ring", "--reg", "r1(" + "g" * 100_000],
        ["train", "ring", "--reg", "r1(gamma='" + "g" * 100_000 + "')"],
        ["train", "ring", "--reg", "+".join(["r1"] * 20_000)],
        ["train", "ring", "--reg", "r1(gamma=" + "[" * 20_000 + "]" * 20_000 + ")"],
        ["train", "ring", "--reg", "r1(gamma=[&a [x,x],&b [*a,*a],&c [*b,*b]])"],
        ["train", "ring", "--set", "steps=" + "h" * 100_000],
        ["train", "ring", *(word for i in range(1000) for word in ("--set", f"k{i}=1"))],
        ["train", "y" * 100_000],
        ["train", "ring", "--" + "v" * 100_000],
        ["v" * 100_000],
        [*TUNE, "s" * 100_000],
        ["plugins", "show", "p" * 100_000],
        ["train", "ring", "--set", "data.path=a\udcffb"],
    ],
    ids=lambda arguments: " ".join(arguments)[:40].encode("ascii", "replace").decode(),
)
def test_what_is_quoted_is_clipped(call: Call, arguments: list[str]) -> None:
    said = refused(call, *arguments)
    assert said.count("\n") <= 41


def test_more_samples_than_memory_are_refused_at_once(call: Call) -> None:
    assert call("train", "ring", *SMALL, "--steps", "2", "--folder", "run", "-q").code == 0
    before = sorted(Path("run").rglob("*"))
    for verb in ("sample", "evaluate"):
        done = call(verb, "run", "-n", str(10**12), "-q")
        assert done.code == 2 and "--samples: 1,000,000,000,000 samples of 2: at least 7.3 TiB" in done.err
    assert sorted(Path("run").rglob("*")) == before


@pytest.mark.parametrize(
    "cache", ["/etc/passwd/below", "c" * 5000, "~no-such-user/cache"], ids=["file", "long", "nobody"]
)
def test_a_cache_that_cannot_be_costs_time_alone(call: Call, monkeypatch: pytest.MonkeyPatch, cache: str) -> None:
    monkeypatch.setenv("DETENTE_CACHE", cache)
    done = call("train", "ring", *SMALL, "--steps", "2", "--folder", "run", "-q")
    assert done.code == 0
    assert "DETENTE_CACHE" in done.err and len(done.err) < 4000


def test_nobody_needs_a_home(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(path: str | os.PathLike[str]) -> str:
        return os.fspath(path)  # what Python does where it knows no home

    monkeypatch.delenv("DETENTE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", nowhere)
    assert call("train", "ring", *SMALL, "--steps", "2", "--folder", "run", "-q").code == 0
    assert call("doctor").code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "ring", "--data", "./{}"],
        ["train", "ring", "--set", "{}=1"],
        ["compare", "ring", "--reg", "none", "--vary", "{}=1,2"],
        ["compare", "ring", "--reg", "none", "--against", "{}"],
        ["compare", "ring", "--reg", "none", "--seeds", "{}"],
        ["tune", "ring", "--reg", "r1", "--search", "{}=log:1..2"],
        ["choose", "ring", "--budget", "{}"],
    ],
)
def test_a_line_end_in_what_is_quoted_is_spelled_out(call: Call, arguments: list[str]) -> None:
    done = call(*(part.format("a\nb\x1b[31m") for part in arguments))
    assert done.code == 2
    assert "a⟨U+000A⟩b⟨U+001B⟩[31m" in done.err
    assert len(done.err.splitlines()) == 1
