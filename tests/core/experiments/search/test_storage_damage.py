"""Optuna's journal, damaged: a sentence with what to do, or the search it was."""

import json
from itertools import islice
from pathlib import Path

import pytest

from detente import plugins
from detente.errors import UsageError
from detente.experiments import tune
from hostile_files import WHOLE, as_json, changed
from searches import InProcess, wish

pytestmark = pytest.mark.usefixtures("module_cache")


def search(out: Path) -> bytes:
    tune.tune(wish(trials=2, seeds=1), out=out, host=plugins.host(), executor=InProcess())
    return (out / "trials.json").read_bytes()


@pytest.mark.slow
def test_a_damaged_journal_is_named_or_makes_no_difference(tmp_path: Path) -> None:
    out = tmp_path / "out"
    trials = search(out)
    journal = out / "journal.log"
    whole = journal.read_bytes().splitlines(keepends=True)
    damaged = [b"".join(whole[:1]) + content + b"\n" + b"".join(whole[1:]) for content in WHOLE.values()]
    for i in (1, 2):
        for _, _, row in islice(changed(json.loads(whole[i]), depth=3), i, None, 16):
            damaged.append(b"".join([*whole[:i], as_json(row) + b"\n", *whole[i + 1 :]]))
    refused = 0
    for content in damaged:
        journal.write_bytes(content)
        try:
            assert search(out) == trials
        except UsageError as error:
            refused += str(journal) in str(error) or "is not the search's recipe" in str(error)
        else:
            continue
        assert refused
    assert refused > 5
    journal.unlink()
    assert search(out) == trials


def test_a_journal_that_is_a_link_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    search(out)
    (out / "journal.log").rename(tmp_path / "elsewhere")
    (out / "journal.log").symlink_to(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()
    with pytest.raises(UsageError, match=r"journal\.log: is a link to somewhere else"):
        search(out)
    assert (tmp_path / "elsewhere").read_bytes() == before
