"""What laws of a kind of data are tried on: parts by their names, with settings as recipes have them."""

import pytest

from detente.engine.sample import batch_size
from detente.errors import UsageError
from detente.plugins import Host, discover
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin
from detente.testing import kind


def test_settings_choose_and_size_the_parts():
    k = kind("ring", sets=["data.size=50", "model.width=8", "model.latent_dim=3"])
    assert len(k.data) == 50
    assert batch_size(k.untrained) == k.count
    assert k.model.latent_dim == 3 and max(p.shape[0] for p in k.networks.generator.parameters()) == 8
    assert k.scores(k.data.real(20)).keys() == {s for m in k.metrics.values() for s in m.scores}


@pytest.mark.parametrize(
    ("name", "sets", "said"),
    [
        ("rimg", [], "Did you mean 'ring'"),
        ("ring", ["model.widht=8"], "widht"),
        ("ring", ["data=rings"], "rings"),
    ],
)
def test_what_is_not_there_is_refused_with_its_name(name, sets, said):
    with pytest.raises(UsageError, match=said):
        kind(name, sets=sets)


def test_a_domain_that_is_declared_under_another_name_than_its_own_is_told():
    mine = Origin("mine", "detente-mine", "1.0")
    parts = {"domain": ("RingDomain", None), "data": ("RingData", "round"), "model": ("MLP", "round")}
    entries = [
        Entry(what, "round", f"detente.toys.mixture:{target}", of, "", {}, mine) for what, (target, of) in parts.items()
    ]
    host = Host([*discover().plugins, Plugin(mine, "ok", tuple(entries))])
    with pytest.raises(UsageError, match=r"'round' is declared under this name, but its class says name = 'ring'"):
        kind("round", host)
