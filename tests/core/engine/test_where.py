"""`where` names layers by globs, and can say "all but"."""

import pytest
from torch import nn

from detente.engine.layers import layers, weights
from detente.engine.where import matches
from detente.errors import UsageError


@pytest.mark.parametrize(
    ("name", "where", "expected"),
    [
        ("net.head", "not head", False),
        ("net.body", "not head", True),
        ("body.head.fc", "not head*", False),
        ("conv1", ["conv*", "not conv1"], False),
        ("conv2", ["conv*", "not conv1"], True),
        ("fc", ["conv*", "not conv1"], False),
        ("block.conv1", ["not conv*", "not fc"], False),
        ("block.norm", ["not conv*", "not fc"], True),
        ("nothing", "nothing", True),
    ],
)
def test_a_glob_after_not_takes_away(name, where, expected):
    assert matches(name, where) is expected


@pytest.mark.parametrize(
    ("where", "glob"), [("not haed", "haed"), (["*", "not conv9"], "conv9"), (["not 1", "not body*"], "body\\*")]
)
def test_a_glob_that_leaves_nothing_out_is_an_error(where, glob):
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with pytest.raises(UsageError, match=f"no layer of Sequential matches '{glob}' .*; there are 0, 1."):
        layers(net, where)
    with pytest.raises(UsageError, match=f"no parameter of Sequential matches '{glob}' "):
        weights(net, where if where != ["not 1", "not body*"] else ["not 1.*", "not body*"])
    assert [x.name for x in layers(net, "not 1")] == ["0"]


def test_taking_everything_away_is_an_error():
    with pytest.raises(UsageError, match="no layer of Linear matches where='not \\*'"):
        layers(nn.Linear(2, 2), "not *")
