"""An error names a flag once: `--steps: should be …`, not `--steps: steps: should be …`."""

from typing import Any

import pytest

from detente import recipe
from detente.errors import DetenteError


def refusal(**arguments: Any) -> str:
    with pytest.raises(DetenteError) as refused:
        recipe.load(domain="ring", **arguments)
    return str(refused.value)


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("steps", 0, "--steps: should be greater"),
        ("device", "tpu", "--device: should be auto, cpu, cuda or cuda:N, but is 'tpu'."),
        ("objective", "hinges", "--objective: There is no objective 'hinges'. Did you mean 'hinge'?"),
        ("data", "rings", "--data: There is no data set 'rings' of domain 'ring'. Did you mean 'ring'?"),
        ("log", ["tensorbord"], "--log: There is no logger 'tensorbord'. Did you mean 'tensorboard'?"),
        ("log_every", 0, "--log-every: should be greater"),
    ],
)
def test_a_flag_is_named_once(flag: str, value: Any, said: str) -> None:
    assert refusal(flags={flag: value}).startswith(said)


def test_a_key_below_a_flag_or_from_elsewhere_is_named_in_full() -> None:
    assert refusal(sets=["steps=0"]).startswith("--set: steps: should be greater")
    assert refusal(recipe={"steps": 0}).startswith("recipe: steps: should be greater")
    assert refusal(flags={"data": {"name": "ring", "sizes": 3}}).startswith("--data: data.sizes: unknown option.")
