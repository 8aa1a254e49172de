from pathlib import Path

import pytest

from detente import PluginError, UsageError, enumerated, files_below, folder_of, package_file, shuffled, stamps


def test_a_file_of_a_package_is_found_without_importing_it() -> None:
    assert package_file("detente", "py.typed", "data 'x'").name == "py.typed"
    with pytest.raises(PluginError, match=r"^data 'x' needs the package no-such: pip install no-such$"):
        package_file("no_such", "a", "data 'x'")
    with pytest.raises(PluginError, match=r"looks for nothing\.gz in the package detente"):
        package_file("detente", "nothing.gz", "data 'x'")


def test_files_are_found_by_their_suffix_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/c.png", "a.txt", "d.png/e.gif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = files_below(tmp_path, (".png",))
    assert [f.relative_to(tmp_path).as_posix() for f in found] == ["a/c.png", "b.PNG"]
    assert [(name, size) for name, size, _ in stamps(found, tmp_path)] == [("a/c.png", 7), ("b.PNG", 5)]
    assert folder_of(str(tmp_path), "folder") == tmp_path.resolve()
    with pytest.raises(UsageError, match=r"^folder: .*nowhere is not a folder; set data\.path to one\.$"):
        folder_of(str(tmp_path / "nowhere"), "folder")


def test_a_shuffled_order_does_not_depend_on_the_order_it_came_in() -> None:
    keys = [str(i).encode() for i in range(20)]
    once = [keys[i] for i in shuffled(keys)]
    assert once == [keys[::-1][i] for i in shuffled(keys[::-1])] != keys
    assert once[:4] == [b"18", b"0", b"16", b"17"]  # the same on every machine


def test_long_lists_are_cut() -> None:
    assert enumerated(["a", "b"]) == "a, b"
    assert enumerated([str(i) for i in range(12)], most=2) == "0, 1 and 10 more"
