"""The language of --reg."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import PluginError, UsageError
from detente.plugins import Host
from detente.recipe import parse_arm, parse_links
from shapes_plugin import message, refusal


@pytest.mark.parametrize(
    ("text", "generator", "discriminator"),
    [
        ("none", {}, {}),
        (" none ", {}, {}),
        ("r1", {}, {"r1": {}}),
        ("ema", {"ema": {}}, {}),
        ("clip-norm", {"clip-norm": {}}, {"clip-norm": {}}),
        ("d:ema + g:l2()", {"l2": {}}, {"ema": {}}),
        ("both:l1(weight=1e-3)", {"l1": {"weight": 1e-3}}, {"l1": {"weight": 1e-3}}),
        ("r1(gamma = 1 , every=4)", {}, {"r1": {"gamma": 1, "every": 4}}),
        ("r1+r1+r1", {}, {"r1": {}, "r1-2": {"kind": "r1"}, "r1-3": {"kind": "r1"}}),
        ("r1(name=r1-2)+r1+r1", {}, {"r1-2": {"kind": "r1"}, "r1": {}, "r1-3": {"kind": "r1"}}),
        ("d:l2+g:l2", {"l2": {}}, {"l2": {}}),
        ('dropout(where="fc*")', {}, {"dropout": {"where": "fc*"}}),
        ('dropout(where=["a,b)", \'it\'\'s\', "\\"("])', {}, {"dropout": {"where": ["a,b)", "it's", '"(']}}),
        ("r1(gamma={from: 2, to: .2, over: .5})", {}, {"r1": {"gamma": {"from": 2, "to": 0.2, "over": 0.5}}}),
    ],
)
def test_a_chain_is_read(host: Host, text: str, generator: dict[str, Any], discriminator: dict[str, Any]) -> None:
    arm = parse_arm(text, host)
    assert (arm.generator, arm.discriminator) == (generator, discriminator)
    assert list(arm.discriminator) == list(discriminator)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("r1(gamma=1", "is missing ')' at character 10"),
        ("r1(gamma=[1", "is missing ']' at character 11"),
        ("r1(gamma=1))", "has ')' instead of '+' or the end at character 12"),
        ("r1(gamma=[1)", "has ')' instead of ']' at character 12"),
        ("r1(gamma=1]", "has ']' instead of ',' or ')' at character 11"),
        ("r1+", "is missing the name of a regularizer at character 3"),
        ("", "is missing the name of a regularizer at character 1"),
        ("r1(gamma)", "has ')' instead of '=' after 'gamma' at character 9"),
        ("r1(gamma", "is missing '=' at character 8"),
        ("r1(gamma=)", "has no value for 'gamma' at character 10"),
        ("r1(gamma=1,)", "has ')' instead of the name of an option at character 12"),
        ("r1(gamma=1, gamma=2)", "gives 'gamma' twice, at character 13"),
        ("x:r1", "has 'x' before ':', where only g, d or both can stand, at character 2"),
        ("r1 r2", "has 'r' instead of '+', '(' or the end at character 4"),
        ("r1(where='x)", "does not close the ' that opens at character 10"),
        ("r1(name=1)", "gives r1 the name 1, which is not letters, digits, - and _, at character 3"),
        ("r1(gamma=*x)", "the value of 'gamma' at character 10: line 1, column 1: aliases (*name) are not supported"),
        ("r1(gamma=!!python/name:os.system x)", "the value of 'gamma' at character 10: line 1, column 1: could not"),
        ("none+r1", "'none' is the empty chain and cannot be combined."),
    ],
)
def test_a_malformed_chain_is_refused_with_its_place(host: Host, text: str, said: str) -> None:
    found = message(lambda: parse_arm(text, host))
    assert found.startswith(f"--reg: {text!r}")
    assert found.removeprefix(f"--reg: {text!r}").lstrip(": ").startswith(said)


def test_a_chain_names_what_it_cannot_have(host: Host) -> None:
    assert message(lambda: parse_arm("r11", host)).startswith(
        "--reg: There is no regularizer 'r11'. Did you mean 'r1'?"
    )
    said = message(lambda: parse_arm(["r1(name=a)", "l2(name=a)"], host))
    assert said == "--reg: two regularizers of the discriminator are called 'a'; rename one of them."
    assert "shapes_absent" in message(lambda: parse_arm("absent", host), PluginError)
    (line,) = refusal(host, regs=["r1(gama=1)"])
    assert line == "--reg: discriminator.regularizers.r1.gama: unknown option. Did you mean 'gamma'?"
    (line,) = refusal(host, regs=["g:r1"])
    assert line.startswith("--reg: generator.regularizers.r1: r1 cannot be used on the generator.")


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_chain_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert all(link.kind != "none" for link in parse_links(text))
