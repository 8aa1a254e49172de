"""The resolved recipe loads as itself, and has a fingerprint."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.plugins import Host
from detente.recipe import fingerprint, load
from detente.recipe.document import parse


def test_a_resolved_recipe_loads_as_itself(host: Host, tmp_path: Path) -> None:
    regs = [
        "r1(gamma={from: 2, to: .2, over: .5}, every=4)+r1+both:clip-norm(max_norm=1e30)+own-every",
        "g:l2(where='no')",
    ]
    first = load(domain="shapes", regs=regs, sets=["data={name: folder, path: /x}", "model=warm"], host=host)
    assert first.discriminator.regularizers == {
        "r1": {"gamma": {"from": 2.0, "to": 0.2, "over": 0.5}, "space": "input", "every": 4},
        "r1-2": {"kind": "r1", "gamma": 10.0, "space": "input", "every": 1},
        "clip-norm": {"max_norm": 1e30},
        "own-every": {"every": 7},
    }
    path = tmp_path / "r.yaml"
    path.write_text(first.to_yaml(), encoding="utf-8")
    second = load(path, host=host)
    assert second == first
    assert second.to_yaml() == first.to_yaml()
    assert list(second.discriminator.regularizers) == list(first.discriminator.regularizers)
    assert yaml.safe_load(first.to_yaml()) == first.plain()
    assert load(first.plain(), host=host) == first


KINDS = {"r1": {"gamma": 0.0}, "l2": {"weight": 1e-4}, "dropout": {"where": "0"}, "clip-norm": {}, "batch-norm": {}}


@given(
    steps=st.integers(1, 10**9),
    lr=st.floats(0, 1e3),
    chain=st.lists(
        st.tuples(st.sampled_from(sorted(KINDS)), st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)), max_size=4
    ),
    flags=st.fixed_dictionaries(
        {"simultaneous": st.booleans(), "precision": st.sampled_from(["fp32", "bf16", "fp64"])}
    ),
)
@settings(max_examples=40, deadline=None)
def test_any_recipe_loads_as_itself(
    host: Host, steps: int, lr: float, chain: list[tuple[str, str]], flags: dict[str, Any]
) -> None:
    entries = {name: {"kind": kind, **KINDS[kind]} for kind, name in chain}
    recipe = {"domain": "shapes", "steps": steps, "discriminator": {"optimizer": {"lr": lr}, "regularizers": entries}}
    first = load(recipe, flags=flags, host=host)
    second = load(parse(first.to_yaml(), "x"), host=host)
    assert second == first
    assert second.to_yaml() == first.to_yaml()
    assert fingerprint(second) == fingerprint(first)


def test_a_fingerprint_tells_recipes_apart_and_finds_the_partner_of_an_arm(host: Host) -> None:
    arm = load(domain="shapes", regs=["r1"], host=host)
    none = load(domain="shapes", regs=["none"], host=host)
    assert fingerprint(arm) != fingerprint(none)
    chains = ("generator.regularizers", "discriminator.regularizers")
    assert fingerprint(arm, without=chains) == fingerprint(none, without=chains)
    assert fingerprint(arm, without=["seed"]) == fingerprint(arm.model_copy(update={"seed": 5}), without=["seed"])
    other = load(domain="shapes", regs=["clip-norm+l2"], host=host)
    assert fingerprint(other) != fingerprint(load(domain="shapes", regs=["l2+clip-norm"], host=host))
