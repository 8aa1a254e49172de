"""Several processes that play one game: what each draws, sums and differentiates is what one would with all of it."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F

from detente.engine import ranks
from detente.errors import PeerLost
from detente.toys.domain import flip as sign_flip
from processes import in_groups

LOCAL = 3
F64 = torch.float64

DRAWS: dict[str, Any] = {
    "rand": lambda n: torch.rand(n, 2),
    "rand of a shape": lambda n: torch.rand((n, 2)),
    "rand with a keyword": lambda n: torch.rand(size=(n,)),
    "randn of positions": lambda n: torch.randn(n * 4),
    "randint": lambda n: torch.randint(0, 9, (n, 5)),
    "randint below": lambda n: torch.randint(9, size=(n,)),
    "randn_like": lambda n: torch.randn_like(torch.zeros(n, 2)),
    "bernoulli": lambda n: torch.full((n, 3), 0.5).bernoulli(),
    "dropout": lambda n: F.dropout(torch.ones(n, 6), 0.5),
    "a layer of dropout": lambda n: nn.Dropout1d(0.5)(torch.ones(n, 6, 2)),
    "exponential_": lambda n: torch.empty(n, 2).exponential_(),
    "normal_ of a view": lambda n: torch.zeros(n, 2)[:, 1].normal_(),
    "multinomial": lambda n: torch.full((n, 7), 1 / 7).multinomial(2),
    "gumbel_softmax": lambda n: F.gumbel_softmax(torch.zeros(n, 4)),
}
"""What a network may draw for n samples."""
IN_COMMON: dict[str, Any] = {
    "one number": lambda n: torch.rand(()),
    "one number of no shape": lambda n: torch.rand([]),
    "other rows": lambda n: torch.randn(5, 4),
    "none": lambda n: torch.randn(0, 4),
}


def _own(x: Tensor) -> Tensor:
    n = len(x) // dist.get_world_size()
    return x[dist.get_rank() * n :][:n]


def _draws() -> dict[str, bool]:
    size, found = dist.get_world_size(), {}
    for name, draw in DRAWS.items():
        torch.manual_seed(5)
        whole = draw(size * LOCAL)
        torch.manual_seed(5)
        with ranks.together(LOCAL):
            found[name] = torch.equal(draw(LOCAL), _own(whole))
    for name, draw in [*IN_COMMON.items(), ("in common", DRAWS["rand"])]:
        torch.manual_seed(5)
        whole = draw(LOCAL)
        torch.manual_seed(5)
        with ranks.together(LOCAL):
            found[name] = torch.equal(ranks.in_common(draw)(LOCAL) if name == "in common" else draw(LOCAL), whole)
    x = torch.arange(size * LOCAL * 2.0).view(-1, 2)
    changed = sign_flip(x, torch.Generator().manual_seed(2))
    with ranks.together(LOCAL):
        mine = ranks.jointly(sign_flip, _own(x), torch.Generator().manual_seed(2))
    found["jointly"] = torch.equal(mine, _own(changed))
    return found


def _nonlinear(x: Tensor, w: Tensor, joint: bool) -> Tensor:
    """Something of first and second derivatives whose value depends on the whole batch in several ways."""
    score = (x * w).tanh().sum(1)
    middle = ranks.mean(score.mean()) if joint else score.mean()
    everyone = ranks.joint_batch(score) if joint else score
    value = (score - middle).square().mean() + everyone.amax() * middle
    (grad,) = torch.autograd.grad(value * len(x), x, create_graph=True)
    (slope,) = torch.autograd.grad(value, w, create_graph=True)
    slope = ranks.means([slope])[0] if joint else slope
    return value + grad.square().sum(1).mean() + slope.square().sum()


def _derivatives() -> float:
    draws = torch.Generator().manual_seed(1)
    x = torch.randn(dist.get_world_size() * LOCAL, 2, generator=draws, dtype=F64)
    w = torch.randn(2, generator=draws, dtype=F64).requires_grad_()
    whole = _nonlinear(x.clone().requires_grad_(), w, joint=False)
    (expected,) = torch.autograd.grad(whole, w)
    p = nn.Parameter(w.detach().clone())
    with ranks.together(LOCAL):
        value = _nonlinear(_own(x).clone().requires_grad_(), p, joint=True)
        value.backward()
        last = {"term": (value.detach(), 4), "late": (torch.tensor(7.0), 1)}
        ranks.average([p, nn.Parameter(torch.zeros(1))], last, t=4)
    assert p.grad is not None and last["late"][0] == 7
    return max((p.grad - expected).abs().max().item(), (last["term"][0] - whole.detach()).abs().item())


def _lost() -> str:
    """The last thing: process 1 ends, and the others sum with it."""
    if dist.get_rank() == 1:
        return "ended"
    try:
        with ranks.together(LOCAL):
            ranks.mean(torch.zeros(1))
    except PeerLost as error:
        return str(error)
    return "nothing was said"


def _everything() -> tuple[dict[str, bool], float, str]:
    return _draws(), _derivatives(), _lost()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, bool], float, str]]:
    return in_groups(_everything, [2], tmp_path_factory.mktemp("group"))[0]


@pytest.mark.parametrize("name", [*DRAWS, *IN_COMMON, "in common", "jointly"])
def test_draws_for_a_batch_are_rows_of_the_joint_draw_and_others_are_common(found, name: str) -> None:
    assert [of_each[0][name] for of_each in found] == [True, True]


def test_derivatives_of_any_order_go_through_all_processes(found) -> None:
    assert max(of_each[1] for of_each in found) < 1e-12


def test_a_process_that_has_ended_is_noticed(found) -> None:
    assert [of_each[2] for of_each in found] == ["another process of this run has ended", "ended"]


def test_alone_everything_is_the_identity() -> None:
    x, pair = torch.ones(3, 2), (torch.ones(3), torch.zeros(3, 2))
    assert ranks.size == 1 and ranks.mean(x) is x and ranks.joint_batch(x) is x and ranks.own_rows(x) is x
    assert ranks.joint_batch(pair) is pair and ranks.means([x])[0] is x
    once = ranks.jointly(sign_flip, x, torch.Generator().manual_seed(2))
    assert isinstance(once, Tensor) and torch.equal(once, sign_flip(x, torch.Generator().manual_seed(2)))


def test_parts_are_rows_in_order(tmp_path: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/one", rank=0, world_size=1)
    try:
        with ranks.together(4):
            assert ranks.size == 1 and ranks.own_rows(torch.arange(4)).tolist() == [0, 1, 2, 3]
    finally:
        dist.destroy_process_group()
    assert (ranks.size, ranks.index) == (1, 0)
