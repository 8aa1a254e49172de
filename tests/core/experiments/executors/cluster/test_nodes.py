"""A bad node is told from a bad cell; nodes with other versions are named."""

import pytest

from detente.experiments.executors.cluster.nodes import MOST, Nodes, mismatch, versions


@pytest.fixture
def nodes() -> Nodes[str]:
    found: Nodes[str] = Nodes()
    found.alive = {name: name.upper() for name in "abc"}
    return found


def test_a_node_where_everything_fails_is_left_out_and_its_cells_go_elsewhere(nodes):
    for number in range(MOST):
        assert nodes.quarantined == []
        assert nodes.failed("b", f"cell {number}")
    assert (nodes.quarantined, nodes.good) == (["b"], ["a", "c"])
    assert nodes.not_for("another") == ["b"]


def test_a_success_between_failures_keeps_a_node(nodes):
    for number in range(2 * MOST):
        nodes.failed("b", f"cell {number}")
        if number % 2:
            nodes.succeeded("b")
    assert nodes.quarantined == []


def test_a_cell_that_fails_on_two_nodes_has_itself_to_blame(nodes):
    assert nodes.failed("a", "bad")
    assert nodes.not_for("bad") == ["a"]
    assert not nodes.failed("b", "bad")
    assert nodes.not_for("bad") == []


def test_an_arm_that_fails_everywhere_costs_no_node(nodes):
    for number in range(20):
        cell = f"cell {number}"
        first = "abc"[number % 3]
        if nodes.failed(first, cell):
            second = next(node for node in nodes.good if node not in nodes.not_for(cell))
            assert not nodes.failed(second, cell)
    assert nodes.good == ["a", "b", "c"]


def test_a_node_comes_back_when_what_failed_there_fails_elsewhere(nodes):
    for number in range(MOST):
        nodes.failed("b", f"cell {number}")
    assert nodes.quarantined == ["b"]
    nodes.failed("c", "cell 1")
    assert nodes.quarantined == []


def test_a_node_is_only_left_out_while_there_is_a_better_one_and_stays_out_when_that_is_gone(nodes):
    for node in "abc":
        for number in range(MOST):
            nodes.failed(node, f"{node} {number}")
    assert (nodes.quarantined, nodes.good) == (["a", "b"], ["c"])
    del nodes.alive["c"]
    assert nodes.good == []
    nodes.alive["d"] = "D"
    assert nodes.good == ["d"]
    assert not nodes.failed("d", "alone")
    assert "d" not in nodes.not_for("alone")


def test_a_worker_that_is_killed_acquits_no_other_node(nodes):
    for number in range(MOST):
        nodes.failed("b", f"cell {number}")
    assert nodes.lost("a", "cell 1")
    assert nodes.quarantined == ["b"]
    for number in range(MOST):
        nodes.lost("a", f"another {number}")
    assert nodes.good == ["c"]
    assert not nodes.lost("c", "last")


def test_what_lacks_something_or_is_gone_is_not_counted(nodes):
    nodes.unfit["a"] = "torch is missing"
    assert nodes.good == ["b", "c"]
    assert nodes.not_for("cell") == ["a"]
    del nodes.alive["a"]
    assert nodes.not_for("cell") == []


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"Python": "3.11.9", "torch": "2.11.0", "detente": "0.1.0"}, ""),
        ({"Python": "3.11.8", "torch": "2.11.0", "detente": "0.1.0"}, "Python is 3.11.8 there and 3.11.9 here"),
        ({"Python": "3.11.9", "detente": "0.1.0"}, "torch is missing there and 2.11.0 here"),
        (
            {"Python": "3.11.9", "torch": "2.11.0", "detente": "0.1.0", "detente-extra": "1 (abc)"},
            "detente-extra is 1 (abc) there and missing here",
        ),
    ],
)
def test_what_differs_is_named(there, said):
    assert mismatch({"Python": "3.11.9", "torch": "2.11.0", "detente": "0.1.0"}, there) == said


def test_versions_name_python_torch_detente_and_its_plugins_but_those_that_are_blocked():
    found = versions()
    assert {"Python", "torch", "detente", "detente-image"} <= set(found)
    assert mismatch(found, versions(["image"])) == f"detente-image is missing there and {found['detente-image']} here"
