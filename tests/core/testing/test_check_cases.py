"""The cases that a regularizer is tested in, by the names of their domains."""

import pytest

from detente import plugins
from detente.errors import UsageError
from detente.plugins import Host
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin
from detente.testing import cases


def test_a_case_is_made_of_each_domain() -> None:
    assert [case.name for case in cases(["ring", "pair"])] == ["ring", "pair"]


@pytest.mark.parametrize(("name", "said"), [("no-such", "no-such"), ("Ring", "Did you mean 'ring'?"), ("", "''")])
def test_a_domain_that_is_not_there_is_named(name: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        cases([name])
    assert "There is no domain" in str(refused.value) and said in str(refused.value)


def test_a_domain_without_data_is_a_sentence() -> None:
    mine = Origin("mine", "detente-mine", "1.0")
    entry = Entry("domain", "bare", "detente.toys.mixture:RingDomain", None, "", {}, mine)
    host = Host([*plugins.host().plugins, Plugin(mine, "ok", (entry,))])
    with pytest.raises(UsageError, match="'bare' has no data"):
        cases(["bare"], host)
