"""A task on a node; the worker that it begins is a shell script here, and Ray a stand-in."""

import os
import signal
import sys
import time
from types import SimpleNamespace

import pytest

from detente.experiments.executors.cluster import remote
from detente.experiments.executors.cluster.remote import Done, Mailbox, Task, train
from detente.training.run_folder import Run

VERSIONS = {"torch": "2"}


class Box(Mailbox):
    """A mailbox without Ray; notes all that it is told."""

    def __init__(self):
        super().__init__()
        self.told: list[dict] = []
        self.inner = self.report
        self.report = SimpleNamespace(remote=self._told)

    def _told(self, key, node, files):
        self.told.append(dict(files))
        return self.inner(key, node, files)


@pytest.fixture(autouse=True)
def _node(tmp_path, monkeypatch):
    fake = SimpleNamespace(get=lambda ref: ref, get_runtime_context=lambda: SimpleNamespace(get_node_id=lambda: "n1"))
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr(remote, "_here", lambda block: VERSIONS)
    monkeypatch.setattr(remote, "can_fork", lambda: False)
    monkeypatch.setattr(remote, "REPORT", 0.1)
    monkeypatch.setattr(remote.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.setattr(remote.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def test_a_relative_path_means_what_it_means_where_the_study_is_if_that_is_there(tmp_path, stand_in):
    stand_in("pwd > $3/where")
    (tmp_path / "work").mkdir()
    assert trained(task(place=str(tmp_path / "work")))[1]["where"].decode().strip() == str(tmp_path / "work")


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    def become(script: str) -> None:
        path = tmp_path / "stand-in"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr("detente.experiments.executors.process.sys.executable", str(path))

    return become


def task(**more) -> Task:
    files = {"recipe.yaml": b"steps: 10\n", "checkpoints/step-00000005.pt": b"old"}
    return Task(
        **{
            "key": "k",
            "folder": "/studies/a",
            "place": "/nowhere",
            "files": files,
            "versions": VERSIONS,
            "block": (),
            **more,
        }
    )


def trained(task: Task) -> tuple[Done, dict]:
    """What becomes of it, and all files that the study gets, on the way or in the end."""
    box = Box()
    done = train(task, box)
    found = {name: content for files in box.told for name, content in files.items()}
    return done, {**found, **done.files}


def test_what_the_worker_changed_comes_back_with_the_paths_of_the_study(tmp_path, stand_in):
    stand_in('cat $3/checkpoints/* > $3/log; echo "{\\"folder\\": \\"$3\\"}" > $3/run.json')
    done, files = trained(task())
    assert (done.node, done.code, done.killed_by, done.unfit) == ("n1", 0, None, "")
    assert files == {"log": b"old", "log.txt": b"", "run.json": b'{"folder": "/studies/a"}\n'}
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_new_checkpoint_is_reported_while_the_worker_goes_on(stand_in):
    stand_in("echo new > $3/checkpoints/step-00000009.pt; sleep 1; echo end > $3/end")
    box = Box()
    done = train(task(), box)
    assert any("checkpoints/step-00000009.pt" in files for files in box.told)
    assert "checkpoints/step-00000009.pt" not in done.files
    assert box.take()["k"][0] == "n1"


def test_a_worker_that_is_killed_is_named_with_its_signal(stand_in):
    stand_in("kill -9 $$")
    done = train(task(), Box())
    assert (done.code, done.killed_by) == (-signal.SIGKILL, "SIGKILL")


def test_a_task_that_is_to_stop_asks_its_worker_and_waits_for_what_that_saves(stand_in):
    stand_in("cat; echo saved > $3/saved; exit 143")
    box = Box()
    box.stop()
    done = train(task(), box)
    assert done.code == 143
    assert b"saved\n" in [files.get("saved") for files in [*box.told, done.files]]


def test_where_versions_differ_nothing_is_trained(stand_in):
    stand_in("exit 1")
    done = train(task(versions={"torch": "3"}), Box())
    assert done.unfit == "torch is 2 there and 3 here"
    stand_in("exit 0")
    assert train(task(versions={"torch": "3"}, checked=frozenset({"n1"})), Box()).unfit == ""


def test_a_users_data_are_taken_from_what_was_sent_where_they_are_not_there(tmp_path, stand_in):
    stand_in("cp $3/identities.json $3/seen")
    identities = b'{"typed": "./mine.txt", "path": "/nowhere/mine.txt", "data": "abc"}'
    files = {"recipe.yaml": b"steps: 10\n", "identities.json": identities}
    sent = {"sent/1": {"mine.txt": b"words"}}
    _, seen = trained(task(files=files, shipped=sent, data=("/nowhere/mine.txt", "sent/1")))
    place = tmp_path / "cache" / "sent" / "1" / "mine.txt"
    assert place.read_text() == "words"
    assert str(place).encode() in seen["seen"] and b'"abc"' in seen["seen"]

    own = tmp_path / "own.txt"
    own.touch()
    _, seen_here = trained(task(files=files, shipped={"sent/2": sent["sent/1"]}, data=(str(own), "sent/2")))
    assert seen_here["seen"] == identities and not (tmp_path / "cache" / "sent" / "2").exists()


def test_folders_of_tasks_that_were_killed_go_and_those_in_use_stay(tmp_path, stand_in):
    stand_in("exit 0")
    root = tmp_path / "tmp"
    for name in ("detente-ray-old", "detente-ray-new", "other"):
        (root / name / "cell").mkdir(parents=True)
    for name in ("detente-ray-old", "other"):
        os.utime(root / name, (time.time() - 1e5, time.time() - 1e5))
    train(task(), Box())
    assert sorted(path.name for path in root.iterdir()) == ["detente-ray-new", "other"]


def test_the_newest_of_what_is_reported_counts_until_it_is_taken():
    box = Mailbox()
    assert not box.report("k", "n", {"a": b"1", "b": b"1"})
    box.report("k", "n", {"a": b"2"})
    assert box.take() == {"k": ("n", {"a": b"2", "b": b"1"})}
    assert box.take() == {}
    box.stop()
    assert box.report("k", "n", {})


def test_a_run_keeps_what_is_known_of_its_data_when_they_are_elsewhere(tmp_path):
    run = Run(tmp_path)
    run.expect({"data": "abc", "path": "/nowhere/x"})
    places = remote._locate(run, "/nowhere/x", "sent/1")
    assert list(places.values()) == ["/nowhere/x"]
    assert run.identities["data"] == "abc" and run.identities["path"] == next(iter(places))
