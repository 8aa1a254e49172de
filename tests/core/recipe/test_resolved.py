"""A recipe is resolved once, and each of its components made once for each game."""

from functools import wraps
from pathlib import Path

import pytest

from detente import plugins, recipe
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.experiments import compare as study
from detente.recipe.options import check
from detente.regularizers.r1 import R1
from detente.training.build import build
from searches import InProcess

SETS = ["samples=50", "batch=4", "steps=10", "data.size=64"]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Regularizer]:
    """Every R1 that is constructed."""
    found: list[Regularizer] = []
    init = R1.__init__

    @wraps(init)
    def counted(self: R1, *arguments: object, **options: object) -> None:
        found.append(self)
        init(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(R1, "__init__", counted)
    return found


def test_resolving_makes_no_regularizer_and_building_makes_it_once(made: list[Regularizer]) -> None:
    resolved = recipe.resolve(domain="ring", regs=["r1(gamma=2, every=3)"])
    assert made == []
    built = build(resolved)
    assert len(made) == 1
    (link,) = built.game.discriminator.regularizer.links
    assert (link.name, link.inner) == ("r1", made[0])


def test_an_arm_of_a_study_has_its_regularizer_made_once_to_be_looked_at_and_once_to_train(
    made: list[Regularizer], here: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    study.compare(["dirac"], ["r1"], 1, out=tmp_path / "out", host=plugins.host(), sets=SETS, executor=here)
    assert len(here.trained) == 1 and len(made) == 2


def test_a_recipe_without_its_components_is_resolved_when_it_is_built(made: list[Regularizer]) -> None:
    plain = recipe.load(domain="ring", regs=["r1"])
    assert build(recipe.Recipe.model_validate(plain.plain())).recipe == plain
    assert len(made) == 1


def test_each_component_is_made_anew_at_every_call() -> None:
    resolved = recipe.resolve(domain="ring", regs=["r1"])
    assert resolved.make("model") is not resolved.make("model")
    assert type(resolved.make("objective")).__name__ == "NonSaturating"
    assert [type(metric).__name__ for metric in resolved.metrics()] == ["Modes", "Frechet", "KernelDistance", "PRDC"]


def test_what_a_constructor_alone_can_refuse_is_refused_by_its_key_when_the_recipe_is_built() -> None:
    resolved = recipe.resolve(domain="ring", regs=["g:jacobian-clamp(low=3, high=2)"])
    with pytest.raises(UsageError, match=r"^--reg: generator\.regularizers\.jacobian-clamp: "):
        build(resolved)


def test_a_renamed_option_works_by_its_old_name_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    class Renamed:
        renamed = {"strength": "gamma"}

        def __init__(self, gamma: float = 1.0) -> None: ...

    with pytest.warns(DeprecationWarning, match="'strength' is called 'gamma' now"):
        found = check(Renamed, {"strength": 2.0})
    assert (found.arguments, found.plain, found.problems) == ({"gamma": 2.0}, {"gamma": 2.0}, [])
    assert "'strength' is called 'gamma' now" in caplog.text
    both = check(Renamed, {"strength": 2.0, "gamma": 3.0})
    assert [name for name, _ in both.problems] == ["strength"]


@pytest.mark.parametrize(("old", "new"), [("Arm", "Chains"), ("Side", "PlayerConfig")])
def test_what_was_renamed_in_python_keeps_its_old_name_for_one_release(old: str, new: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"^{old} is now called {new}; "):
        found = getattr(recipe, old)
    assert found is getattr(recipe, new)
