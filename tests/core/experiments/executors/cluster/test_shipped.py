"""Prepared data and users' files on their way to another machine."""

import numpy as np
import pytest

from detente.domains.packed import Packed, packed
from detente.errors import UsageError
from detente.experiments.executors.cluster import shipped
from detente.experiments.executors.cluster.transfer import Changes


def make() -> Packed:
    return Packed({"x": np.arange(6).reshape(3, 2)}, {"train": 3})


def test_what_is_prepared_here_is_found_as_it_is_on_another_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "here"))
    packed("kind", {"a": 1}, make)
    sent = {name: Changes(place).take() for name, place in shipped.prepared().items()}
    assert len(sent) == 1
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "there"))
    for name, content in sent.items():
        assert shipped.missing(name)
        shipped.put(name, content)
        assert not shipped.missing(name)

    def never() -> Packed:
        raise AssertionError("it is there already")

    monkeypatch.setattr(never, "__module__", make.__module__)
    assert packed("kind", {"a": 1}, never).digest == make().digest


def test_files_of_a_user_keep_their_names_and_are_called_by_what_is_in_them(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "b.txt").write_text("b")
    files = shipped.packed_files(folder)
    assert files == {"mine/a.txt": b"a", "mine/deep/b.txt": b"b"}
    assert shipped.packed_files(folder / "a.txt") == {"a.txt": b"a"}
    names = {shipped.name_of(files), shipped.name_of({**files, "mine/a.txt": b"c"}), shipped.name_of({"a": b"ab"})}
    assert len(names) == 3 and all(map(shipped.is_sent, names))
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "there"))
    place = shipped.put(shipped.name_of(files), files)
    assert (place / "mine" / "deep" / "b.txt").read_text() == "b"


def test_an_entry_that_is_there_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    shipped.put("kind/one", {"a": b"first"})
    assert (shipped.put("kind/one", {"a": b"second"}) / "a").read_bytes() == b"first"
    assert [path.name for path in (tmp_path / "kind").iterdir() if path.name.startswith(".new")] == []


def test_what_is_too_large_is_said_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "MOST", 3)
    (tmp_path / "large").write_bytes(b"1234")
    with pytest.raises(UsageError, match="a disk that all of them see"):
        shipped.packed_files(tmp_path / "large")
