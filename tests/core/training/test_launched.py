"""What a process knows from torchrun without asking torch, and who says why a run ends."""

import signal
from collections.abc import Iterator

import pytest

from detente.errors import PeerLost, UsageError
from detente.training import launched
from detente.training.signals import STOP

TORCHRUN = {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}


@pytest.fixture
def last_of_four(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """As torchrun has it on the second of two machines; the list gets what is waited for."""
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    before = [(number, signal.getsignal(number)) for number in STOP]
    yield waited
    for number, handler in before:
        signal.signal(number, handler)


def test_without_torchrun_there_is_one_process_whatever_else_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        monkeypatch.setenv(name, "7")
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    assert (launched.processes(), launched.index(), launched.place()) == (1, 0, 0)
    assert launched.command("resume", "my run") == "detente resume 'my run'"
    assert launched.speaks(UsageError("no"))


def test_torchrun_says_how_many_there_are_which_one_this_is_and_where(last_of_four: list[float]) -> None:
    assert (launched.processes(), launched.index(), launched.place()) == (4, 3, 1)
    assert launched.command("resume", "my run") == "torchrun --nproc-per-node 2 -m detente resume 'my run'"


def test_one_process_of_torchrun_is_alone(last_of_four: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.setenv("RANK", "0")
    assert (launched.processes(), launched.index()) == (1, 0)
    assert launched.command("resume", "x") == "detente resume x"


@pytest.mark.parametrize(
    ("rank", "error", "seconds", "speaks"),
    [
        (0, UsageError("no"), 0, True),
        (3, UsageError("no"), 1.5, False),
        (0, PeerLost(), 2.5, True),
        (1, PeerLost(), 2.625, False),
    ],
)
def test_where_nobody_can_be_asked_the_leader_speaks_and_a_cause_comes_before_its_effects(
    last_of_four: list[float],
    monkeypatch: pytest.MonkeyPatch,
    rank: int,
    error: BaseException,
    seconds: float,
    speaks: bool,
) -> None:
    monkeypatch.setenv("RANK", str(rank))
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    assert launched.speaks(error) is speaks
    assert last_of_four == [seconds]
    assert all(signal.getsignal(number) is signal.SIG_IGN for number in STOP)  # a second one would cut the sentence off


def test_the_first_to_claim_it_speaks(last_of_four: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    torch_distributed = pytest.importorskip("torch.distributed")
    store = torch_distributed.TCPStore("127.0.0.1", 0, is_master=True)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(store.port))
    assert [launched.speaks(PeerLost()) for _ in range(3)] == [True, False, False]
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    assert launched.speaks(PeerLost())
