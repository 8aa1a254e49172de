"""What is asked of a probe or a plain case in vain is refused in a sentence that says what to do."""

from pathlib import Path

import pytest
import torch

from detente.engine.combinators import lazily
from detente.errors import UsageError
from detente.regularizers import R1
from detente.testing.laws import plain_case
from detente.testing.probe import Linear, Matrix, Plain, probe, value

X = torch.ones(2, 2)
CRITIC = Linear(torch.tensor([3.0, 4.0]))


@pytest.mark.parametrize("given", [{}, {"z": torch.ones(2, 1)}, {"generator": Matrix(torch.eye(2))}])
def test_a_probe_needs_fakes_or_what_makes_them(given: dict) -> None:
    with pytest.raises(UsageError, match=r"probe: got neither fake samples .* Give fake=, or generator= and z=\."):
        probe(CRITIC, X, **given)


def test_a_penalty_that_does_not_fire_is_named_with_the_update() -> None:
    lazy = lazily(R1(gamma=2.0), every=4)
    assert value(lazy, probe(CRITIC, X, X, t=8)).item() == pytest.approx(4 * 25)
    with pytest.raises(UsageError, match="has no penalty at update 6"):
        value(lazy, probe(CRITIC, X, X, t=6))


def test_a_plain_case_says_where_cases_come_from() -> None:
    case = plain_case()
    with pytest.raises(UsageError, match=r"no model: .* Take a case of `detente\.testing\.cases\(\)`"):
        case.game("discriminator")
    with pytest.raises(UsageError, match="no data: "):
        case.data.batch(torch.arange(2))


def test_the_plain_domain_has_no_pictures_and_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="have no preview"):
        Plain().preview(X, tmp_path / "a.png")
    with pytest.raises(UsageError, match="have no baseline"):
        Plain().baseline(plain_case().data, 2, torch.Generator())
