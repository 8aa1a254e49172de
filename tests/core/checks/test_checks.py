"""Findings about a game as a whole: which rules look, what is refused and what is allowed."""

import inspect

import pytest

from detente import checks
from detente.checks import Fault, check_codes, findings, refuse, rules, warns
from detente.errors import PluginError, UsageError
from detente.plugins import Host, host
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin
from faulty import adam, game, reg


def test_a_plain_game_has_no_findings():
    assert findings(game()) == []
    assert findings(game([reg("r1")], [reg("ema")])) == []


def test_refusals_name_place_reason_and_way_out():
    found = findings(game([reg("batch-norm"), reg("r1")]))
    with pytest.raises(UsageError) as error:
        refuse(found)
    for part in ("discriminator.regularizers.r1", "because", "layer-norm", "--allow batch-norm-under-input-gradient"):
        assert part in str(error.value)
    refuse(found, ("batch-norm-under-input-gradient",))


def test_an_unknown_code_is_an_error_and_warnings_never_stop():
    with pytest.raises(UsageError, match=r"there is no finding 'l2-under-adm'\. Did you mean 'l2-under-adam'"):
        check_codes(("l2-under-adm",), host())
    refuse(findings(game([reg("l2")], optimizer=adam)))


def test_no_rule_knows_a_single_regularizer():
    for module in (checks, checks.finding, checks.refusals, checks.warnings):
        assert "detente.regularizers" not in inspect.getsource(module)


def test_what_refuses_stands_before_what_warns():
    found = findings(game([reg("l2"), reg("batch-norm"), reg("r1")], optimizer=adam))
    levels = [finding.level for finding in found]
    assert levels == sorted(levels) == ["refuse"] + ["warn"] * (len(levels) - 1) and "warn" in levels


def test_every_refusal_that_is_not_allowed_is_told_of_at_once():
    found = findings(game([reg("batch-norm"), reg("r1")], [reg("instance-noise")]))
    with pytest.raises(UsageError) as error:
        refuse(found)
    assert [line.rpartition("--allow ")[2] for line in str(error.value).splitlines()] == [
        "batch-norm-under-input-gradient.",
        "augmentation-on-the-generator.",
    ]
    with pytest.raises(UsageError) as error:
        refuse(found, ("batch-norm-under-input-gradient",))
    assert str(error.value).endswith("--allow augmentation-on-the-generator.")


@warns("always")
def always(c):
    yield Fault("game", "it is there", "it is", "Leave it.")


def stranger(target: str) -> Host:
    origin = Origin("strange", "detente-strange", "1.0")
    entry = Entry("rule", "always", target, None, "", {}, origin)
    return Host([*host().plugins, Plugin(origin, "ok", (entry,))])


def test_a_strangers_rule_looks_only_at_what_names_something_of_its_distribution():
    at = stranger(f"{__name__}:always")
    ours = {rule.code for rule in rules(host())}
    assert {rule.code for rule in rules(at)} == {rule.code for rule in rules(at, ["detente-image"])} == ours
    mine = rules(at, ["detente-strange"])
    assert {rule.code for rule in mine} == ours | {"always"}
    assert [finding.code for finding in findings(game(), by=mine)] == ["always"]
    check_codes(("always",), at)


@pytest.mark.parametrize("target", ["detente.checks.warnings:l2_under_adam", "detente.engine.objectives:Hinge"])
def test_a_rule_of_another_code_or_none_at_all_is_the_plugins_fault(target):
    with pytest.raises(PluginError, match=r"rule 'always' of detente-strange .* is not a rule of this code"):
        rules(stranger(target), ["detente-strange"])
