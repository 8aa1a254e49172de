"""Settings: which key --set means."""

import pytest

from detente.plugins import Host
from detente.recipe import load
from shapes_plugin import refusal


def test_a_setting_addresses_a_regularizer_by_its_name_alone(host: Host) -> None:
    r = load(domain="shapes", regs=["r1(gamma=1)+r1(name=second)"], sets=["r1.gamma=3", "second.every=2"], host=host)
    chain = r.discriminator.regularizers
    assert (chain["r1"]["gamma"], chain["second"]["every"]) == (3.0, 2)
    r = load(domain="shapes", sets=["discriminator.regularizers.r1.gamma={from: 2, to: 0}"], host=host)
    assert r.discriminator.regularizers["r1"]["gamma"] == {"from": 2.0, "to": 0.0, "over": 1.0}


UNKNOWN = "neither a key of recipes nor one of this recipe's regularizers."


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "l2.weight=1",
            "--set: l2.weight: both players have a regularizer called 'l2'. Use the full key generator.regul",
        ),
        ("stps=1", f"--set: stps: {UNKNOWN} Did you mean 'steps'?"),
        ("steps", "--set: 'steps' should be key=value"),
        ("a..b=1", "--set: 'a..b=1' should be key=value"),
        ("steps=[1", "--set: steps: line 1, column 3: expected ',' or ']'"),
        ("steps.more=1", "--set: steps.more: steps is 50, which has no keys."),
        ("steps=x", "--set: steps: should be an integer, but is 'x'."),
        ("l2x.weight=1", f"--set: l2x.weight: {UNKNOWN} Did you mean 'l2'?"),
        ("discriminator.regularizers.l2.wait=1", "--set: discriminator.regularizers.l2.wait: unknown option."),
    ],
)
def test_a_bad_setting_is_refused(host: Host, setting: str, said: str) -> None:
    (line,) = refusal(host, regs=["both:l2"], sets=[setting])
    assert line.startswith(said)
