"""A renamed component warns Python at the caller's line, and --reg writes the name that it has now."""

import logging
import subprocess
import sys
import warnings

import pytest

from detente import plugins, recipe
from detente.errors import UsageError, tell_renamed
from detente.plugins import Host
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin, Registry
from detente.recipe.chains import parse_arm

ORIGIN = Origin("moves", "detente-moves", "1.0")


@pytest.fixture
def host() -> Host:
    staged: list[Entry] = []
    registry = Registry("regularizer", ORIGIN, staged)
    registry.add("slope", "detente.regularizers.r1:R1", renamed_from="old-slope")
    registry.add("mean", "detente.regularizers.ema:EMA", renamed_from="old-mean")
    return Host([*plugins.host().plugins, Plugin(ORIGIN, "ok", tuple(staged))])


def test_the_warning_points_at_the_line_that_uses_the_old_name(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.warns(DeprecationWarning, match="The regularizer 'old-slope' is called 'slope' now") as said:
        recipe.load({"domain": "ring", "discriminator": {"regularizers": {"old-slope": {}}}}, host=host)
    assert [one.filename for one in said] == [__file__]
    assert "The regularizer 'old-slope' is called 'slope' now" in caplog.text


def test_where_only_our_own_code_is_on_the_stack_the_warning_stands_all_the_same() -> None:
    code = (
        "from detente.errors import tell_renamed; import logging; tell_renamed(logging.getLogger('x'), 'a', 'b', 'c')"
    )
    done = subprocess.run([sys.executable, "-Wdefault", "-c", code], capture_output=True, text=True, check=True)
    assert "DeprecationWarning: The a 'b' is called 'c' now" in done.stderr
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        tell_renamed(logging.getLogger("x"), "option", "a", "b")
    assert said[0].filename == __file__


@pytest.mark.filterwarnings("ignore:.* goes with the next release:DeprecationWarning")
@pytest.mark.parametrize(
    ("typed", "generator", "discriminator"),
    [
        ("old-slope(gamma=2)", {}, {"slope": {"gamma": 2}}),
        ("d:old-slope+d:slope", {}, {"slope": {}, "slope-2": {"kind": "slope"}}),
        ("both:old-mean+old-slope(name=mine)", {"mean": {}}, {"mean": {}, "mine": {"kind": "slope"}}),
        ("d:no-such", {}, {"no-such": {}}),
    ],
)
def test_a_chain_has_the_new_names(host: Host, typed: str, generator: dict, discriminator: dict) -> None:
    found = parse_arm(typed, host)
    assert (found.generator, found.discriminator) == (generator, discriminator)


@pytest.mark.filterwarnings("ignore:.* goes with the next release:DeprecationWarning")
@pytest.mark.parametrize("key", ["old-slope.gamma", "slope.gamma", "discriminator.regularizers.slope.gamma"])
def test_a_setting_reaches_a_renamed_regularizer_by_either_name(host: Host, key: str) -> None:
    found = recipe.load(domain="ring", regs=["d:old-slope"], sets=[f"{key}=3.0"], host=host)
    assert found.discriminator.regularizers == {"slope": {"gamma": 3.0, "space": "input", "every": 1}}


@pytest.mark.filterwarnings("ignore:.* goes with the next release:DeprecationWarning")
def test_a_regularizer_of_both_players_needs_the_full_key_by_the_old_name_too(host: Host) -> None:
    with pytest.raises(UsageError, match=r"both players have a regularizer called 'mean'\. Use the full key generator"):
        recipe.load(domain="ring", regs=["both:old-mean"], sets=["old-mean.decay=0.5"], host=host)
