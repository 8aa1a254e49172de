"""What arms with settings of their own no longer share with the reference."""

from typing import Any

import pytest

from detente.results.pairing import unpaired
from pages import write_study


def recipe(**more: Any) -> dict[str, Any]:
    return {"steps": 20, "batch": 8, "critic_steps": 1, "discriminator": {"regularizers": {}}, **more}


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (recipe(discriminator={"regularizers": {"r1": {}}}), None),
        (recipe(objective={"name": "hinge"}), None),
        (recipe(batch=16), "other batches"),
        (recipe(model={"name": "resnet"}), "other networks, so other initial weights"),
        (recipe(critic_steps=5, batch=2), "other batches and other numbers of updates"),
    ],
)
def test_what_runs_of_one_seed_no_longer_share_is_said(tmp_path, plain, said):
    study = write_study(tmp_path, ["none", "other"])
    study.content["recipes"]["pair"] = {"arm-0": recipe(), "arm-1": plain}
    found = unpaired(study)
    assert len(found) == (said is not None)
    assert said is None or (f"“other” has {said}" in found[0] and "than “none”" in found[0])
