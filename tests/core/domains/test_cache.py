"""Where what can be computed again is kept, by which name, and by whom it is made."""

import threading
import time
from pathlib import Path

import pytest

from detente.domains.cache import alone, cache_folder, named


def test_without_a_folder_of_its_own_the_cache_is_in_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("DETENTE_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == Path.home() / ".cache" / "detente"


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("DETENTE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == Path("/somewhere/detente")


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("darwin", {}, "~/Library/Caches/detente"),
        ("darwin", {"XDG_CACHE_HOME": "/x"}, "~/Library/Caches/detente"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/detente"),
        ("win32", {}, "~/AppData/Local/detente"),
        ("linux", {"XDG_CACHE_HOME": ""}, "~/.cache/detente"),
        ("linux", {"DETENTE_CACHE": "~/mine", "XDG_CACHE_HOME": "/x"}, "~/mine"),
    ],
)
def test_each_platform_has_its_caches_where_it_has_them(
    platform: str, environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DETENTE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert cache_folder() == Path(folder).expanduser()


def test_the_name_of_an_entry_is_that_of_all_that_it_is_made_of_in_any_order() -> None:
    assert named({"a": 1, "b": [2.0, None]}) == named({"b": [2.0, None], "a": 1})
    assert len({named(x) for x in ({"a": 1}, {"a": 2}, {"a": "1"}, {"b": 1}, {"a": 1, "b": None})}) == 5
    assert len(named({})) == 32


def test_while_one_makes_an_entry_the_others_wait(tmp_path: Path) -> None:
    place, order = tmp_path / "made" / "entry", []

    def make(who: int) -> None:
        with alone(place):
            order.append(("in", who))
            time.sleep(0.05)
            order.append(("out", who))

    threads = [threading.Thread(target=make, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [step for step, _ in order] == ["in", "out"] * 3
    assert all(a[1] == b[1] for a, b in zip(order[::2], order[1::2], strict=True))


def test_an_entry_that_could_not_be_made_leaves_its_lock_open(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), alone(tmp_path / "entry"):
        raise ValueError("no")
    with alone(tmp_path / "entry"):
        pass


def test_a_folder_that_cannot_be_written_to_has_no_lock_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    made = []
    with alone(tmp_path / "file" / "entry"):
        made.append(1)
    assert made == [1] and len(caplog.records) == 1
    assert "set DETENTE_CACHE to a writable folder" in caplog.text
