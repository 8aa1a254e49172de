"""Arms with settings of their own, and values relative to what a recipe would have."""

from pathlib import Path
from typing import Any

import pytest

from detente.errors import UsageError
from detente.plugins import Host
from detente.recipe import Recipe, load, resolve
from detente.recipe.keys import changed, put
from detente.recipe.settings import divided, factor


def rates(r: Recipe) -> tuple[float, float]:
    return r.generator.optimizer.options["lr"], r.discriminator.optimizer.options["lr"]


@pytest.mark.parametrize(
    ("text", "chain", "settings"),
    [
        ("r1(gamma=1)", "r1(gamma=1)", []),
        ("none with critic_steps=5", "none", [(("critic_steps",), "5")]),
        (
            "d:r1 + g:ema  with objective=wasserstein, batch=8",
            "d:r1 + g:ema",
            [(("objective",), "wasserstein"), (("batch",), "8")],
        ),
        (
            "none with metrics=[prdc, modes] model.width=x2",
            "none",
            [(("metrics",), "[prdc, modes]"), (("model", "width"), "x2")],
        ),
        ("r1(name=a) with a.gamma = 3", "r1(name=a)", [(("a", "gamma"), "3")]),
    ],
)
def test_what_stands_behind_with_belongs_to_the_arm(text: str, chain: str, settings: list[Any]) -> None:
    found, own = divided(text, "--reg")
    assert (found, [(one.key, one.text) for one in own]) == (chain, settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("with lr=x2", "no regularizers before 'with'; write none with lr=x2"),
        ("r1 with", "has nothing after 'with'"),
        ("r1 with batch", "'batch' should be key=value"),
        ("r1 with batch=2 steps=3 batch=4", "sets batch twice"),
    ],
)
def test_a_malformed_arm_is_one_clear_sentence(text: str, said: str) -> None:
    with pytest.raises(UsageError, match="--reg: ") as caught:
        divided(text, "--reg")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("x4", 4), ("/8", 0.125), ("×1.5", 1.5), ("x2e-1", 0.2), ("x0", None), ("4", None), ("xy", None)],
)
def test_a_factor_is_x_or_a_slash_and_a_number_above_0(text: str, value: float | None) -> None:
    assert factor(text) == value


def test_lr_multiplies_the_rates_of_both_players_each_from_its_own(host: Host) -> None:
    sets = ["generator.optimizer.lr=0.003", "discriminator.optimizer.lr=0.01"]
    assert rates(load(domain="shapes", sets=sets, regs=["none with lr=x2"], host=host)) == (0.006, 0.02)
    assert rates(load(domain="shapes", sets=sets, regs=["none with lr=/4"], host=host)) == pytest.approx(
        (0.00075, 0.0025)
    )
    assert rates(load(domain="shapes", sets=sets, regs=["none with discriminator.optimizer.lr=x4"], host=host)) == (
        0.003,
        0.04,
    )


def test_lr_as_a_bare_number_is_refused_since_it_may_mean_a_rate_or_a_factor(host: Host) -> None:
    for bare in ("2", "0.0001", "1"):
        with pytest.raises(UsageError, match=f"lr={bare}: lr multiplies both"):
            load(domain="shapes", regs=[f"none with lr={bare}"], host=host)


def test_an_arms_own_setting_beats_flags_and_what_is_varied_multiplies_it(host: Host) -> None:
    r = resolve(
        None,
        "shapes",
        ["batch=10"],
        ["r1(gamma=1) with batch=x3 r1.gamma=6"],
        {"batch": 20},
        host,
        ["batch=/2", "r1.gamma=x2"],
    )
    assert (r.recipe.batch, r.recipe.discriminator.regularizers["r1"]["gamma"]) == (30, 12)
    assert load(domain="shapes", regs=["none with batch=9"], flags={"batch": 20}, host=host).batch == 9


def test_an_arm_with_another_model_has_that_models_defaults_and_is_multiplied_from_there(host: Host) -> None:
    r = load(domain="shapes", regs=["none with model=warm lr=x4"], host=host)
    assert (r.model.name, r.batch, r.generator.optimizer.options["lr"]) == ("warm", 5, 2.0)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("batch=/3", "--reg: batch: should be an integer"),
        ("generator_first=x2", "is False, so x2 has no number"),
        ("nobody=1", "--reg: nobody: neither a key"),
        ("steps=0", "--reg: steps: "),
    ],
)
def test_a_wrong_setting_names_its_key_and_where_it_was_written(host: Host, setting: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(domain="shapes", sets=["batch=10"], regs=[f"none with {setting}"], host=host)
    assert said in str(caught.value)


def test_changes_put_over_a_recipe_make_the_other_one(host: Host) -> None:
    base = load(domain="shapes", host=host).plain()
    for arm in ("none with lr=x2", "r1 with model=warm", "spectral-norm with objective=wasserstein critic_steps=3"):
        other = load(domain="shapes", regs=[arm], host=host).plain()
        assert put(base, changed(base, other)) == other
    assert changed(base, base) == {}
    assert changed(base, put(base, {"batch": float(base["batch"])})) == {"batch": float(base["batch"])}, "types count"
    assert changed({"a": {"b.c": 1}}, {"a": {"b.c": 2}}) == {"a": {"b.c": 2}}, "a dot in a key is no part of it"


def test_a_recipe_file_does_not_take_the_arms_place(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("domain: shapes\nbatch: 12\n")
    assert load(path, regs=["none with batch=x2"], host=host).batch == 24
