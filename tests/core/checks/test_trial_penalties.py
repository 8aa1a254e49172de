"""What a penalty returns, on either player: one number that its player can change, or a sentence before training."""

import numpy as np
import pytest
import torch

from detente.checks import findings, tried
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.testing import cases

RING, DIRAC = cases(["ring", "dirac"])


def returning(make, role: str = "discriminator"):
    class Mine(Regularizer):
        players = (role,)

        def penalty(self, s):
            return make(s.real_score.square() if role == "discriminator" else s.fake_score.square())

    return Mine()


@pytest.mark.parametrize("role", ["discriminator", "generator"])
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda x: x.mean().reshape(1, 1), r"shape \[1, 1\]"),
        (lambda x: torch.stack([x.mean(), x.sum()]), r"shape \[2\]"),
        (lambda x: [x.mean()], r"a list, but"),
        (lambda x: np.float64(x.mean().item()), r"a float64, but"),
        (lambda x: 0, r"returned 0, a int, but"),
        (lambda x: x.mean().detach(), r"depends on no parameter of the"),
        (lambda x: torch.tensor(3), r"depends on no parameter of the"),
    ],
    ids=["1×1", "two numbers", "list", "NumPy", "int", "detached", "constant"],
)
def test_what_is_not_one_number_of_the_player_is_refused_by_name(make, sentence, role):
    with pytest.raises(UsageError, match=rf"^{role}\.regularizers\.mine: .*{sentence}"):
        tried(RING.game(role, returning(make, role)), [RING.batch(0)])


@pytest.mark.parametrize("role", ["discriminator", "generator"])
@pytest.mark.parametrize("case", [RING, DIRAC], ids=["ring", "dirac"])
def test_a_penalty_that_forgets_its_return_is_found_on_both_players(case, role):
    game = case.game(role, returning(lambda x: None, role))
    found = findings(game, trial=tried(game, [case.batch(0)]))
    assert [f.where for f in found if f.code == "penalty-without-value"] == [f"{role}.regularizers.mine"]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_a_number_of_another_type_is_a_number(dtype):
    game = RING.game("discriminator", returning(lambda x: x.mean().to(dtype)))
    tried(game, [RING.batch(0)])
    assert not [f for f in findings(game) if f.code == "penalty-without-value"]
