"""Processes that each have a part of the batch come to the weights of one that has all of it."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from test_two_processes import OfEachPart

from detente import regularizers
from detente.engine.combinators import lazily
from detente.engine.regularizer import Regularizer
from detente.engine.step import Role
from detente.regularizers.r1 import R1
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.subject import F64
from detente.testing.laws.together import several_processes_play_as_one as law
from detente.testing.plan import ROLES, _try
from processes import in_groups

Verdicts = list[tuple[str, str, str]]
WHERE = {"feature-matching": "critics", "instance-norm": "critics"}
"""Cases of those that the ring has nothing for."""
DOCS = Path(__file__).parents[4] / "docs" / "how-to"
OPTIONS: dict[str, dict[str, Any]] = {"instance-norm": {"where": ["*conv*"]}}  # others have no positions there


class Anywhere(R1):
    """A penalty at points that it draws as anybody would, a batch of numbers at a time."""

    def penalty(self, s: Any) -> torch.Tensor:
        draws = s.m.rng.generator()
        x = s.real + torch.randn(s.real.shape, generator=draws, dtype=s.real.dtype)
        return (s.critic(x) * torch.rand(len(x), generator=draws)).square().mean()


LOOK_AT_THE_BATCH = (
    *("ada", "batch-norm", "consensus", "dragan", "dropout", "feature-matching", "instance-noise", "lecam", "max-gp"),
    *("minibatch-stddev", "mode-seeking", "nagarajan-kolter", "packing", "path-length", "anywhere", "of-each-part"),
)
"""Those that draw for it, or depend on it in another way than by means over samples."""
IN_FOUR = ("ada", "batch-norm", "consensus", "dragan", "feature-matching", "max-gp", "minibatch-stddev", "mode-seeking")


def _makers() -> dict[str, Callable[[], Regularizer]]:
    found: dict[str, Callable[[], Regularizer]] = {"anywhere": Anywhere, "of-each-part": OfEachPart}
    shown: dict[str, Any] = {}
    exec((DOCS / "several-processes.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0], shown)
    found["spread-of-scores"] = shown["SpreadOfScores"]
    for name in regularizers.__all__:
        cls = getattr(regularizers, name)
        found[cls.name] = partial(cls, **OPTIONS.get(cls.name, {}))
    return found


def _verdicts(names: Iterable[str], domains: Sequence[str] = (), dtypes: Sequence[torch.dtype] = (F64,)) -> Verdicts:
    """Where, outcome and reason of each regularizer by the law, on these toys, or on the one that suits it."""
    out = []
    makers = _makers()
    for case, dtype in itertools.product(cases(domains or ["ring", "critics"]), dtypes):
        case.dtype = dtype
        for name in names:
            if not domains and case.name != WHERE.get(name, "ring"):
                continue
            one = makers[name]()
            roles: list[Role] = [role for role in ROLES if role in one.players or "both" in one.players]
            for role in roles:
                verdict = _try(law, Subject(makers[name], case, role), f"{name}, {role}, {case.name}, {dtype}")
                out.append((verdict.where, verdict.outcome, verdict.reason))
        lazy = Subject(lambda: lazily(R1(), every=4), case, "discriminator")
        verdict = _try(law, lazy, f"r1 at every fourth update, {case.name}, {dtype}")
        out.append((verdict.where, verdict.outcome, verdict.reason))
    return out


def _soon() -> Verdicts:
    """Every regularizer in two processes, in float64; those that look at the batch in float32, and some in four."""
    if dist.get_world_size() == 4:
        return _verdicts([*IN_FOUR, "of-each-part"])
    return _verdicts(_makers()) + _verdicts(LOOK_AT_THE_BATCH, dtypes=[torch.float32])


def _all() -> Verdicts:
    return _verdicts(_makers(), ["ring", "pair", "critics", "tokens"], [F64, torch.float32])


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Verdicts]:
    of_four, of_two = in_groups(_soon, [4, 2], tmp_path_factory.mktemp("groups"))
    return {4: of_four[0], 2: of_two[0]}


def _wrong(found: Verdicts) -> Verdicts:
    return [v for v in found if v[1] == "broken" and not v[0].startswith("of-each-part")]


def _tried(found: Verdicts) -> set[str]:
    return {where.partition(",")[0] for where, outcome, _ in found if outcome == "passed"}


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 4])
def test_processes_come_to_the_weights_of_one(verdicts: dict[int, Verdicts], size: int) -> None:
    assert _wrong(verdicts[size]) == []


@pytest.mark.slow
def test_every_regularizer_was_tried(verdicts: dict[int, Verdicts]) -> None:
    everyone = {getattr(regularizers, name).name for name in regularizers.__all__}
    assert _tried(verdicts[2]) >= {"anywhere", "spread-of-scores", "r1 at every fourth update", *everyone}
    assert _tried(verdicts[4]) >= {"r1 at every fourth update", *IN_FOUR}


@pytest.mark.acceptance
def test_processes_come_to_the_weights_of_one_everywhere(tmp_path: Path) -> None:
    for found in in_groups(_all, [4, 2], tmp_path):
        assert _wrong(found[0]) == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 4])
def test_what_is_not_a_mean_over_samples_is_caught(verdicts: dict[int, Verdicts], size: int) -> None:
    found = [v for v in verdicts[size] if v[0].startswith("of-each-part")]
    assert found and all(v[1] == "broken" and f"{size} processes and one differ by" in v[2] for v in found)
