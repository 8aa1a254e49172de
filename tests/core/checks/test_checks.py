"""Findings about a game as a whole: which rules look, what is refused and what is allowed."""

import inspect

import pytest

from detente import checks
from detente.checks import check_codes, findings, refuse
from detente.errors import UsageError
from detente.plugins import host
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
