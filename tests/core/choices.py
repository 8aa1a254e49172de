"""What tests of selections share: one of Dirac-GANs on few candidates, and one whose runs are written by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from detente.experiments import candidates
from detente.results.choice import Choice
from pages import write_cell

DIRAC = ["samples=20", "batch=4", "evaluate_every=60", "checkpoint_every=60", "data.size=16", "objective=wasserstein"]
DIRAC += [f"{side}.optimizer={{name: sgd, lr: 0.2}}" for side in ("generator", "discriminator")]
FEW: Mapping[str, Sequence[str]] = {"damps": ("r1", "l2"), "circles": ("weight-clip", "gradient-penalty", "drift")}


def few(monkeypatch: pytest.MonkeyPatch, families: Mapping[str, Sequence[str]] = FEW) -> None:
    """Try these families alone."""
    monkeypatch.setattr(candidates, "FAMILIES", families)


def how(**more: Any) -> dict[str, Any]:
    """Arguments of `choose`."""
    return {"cells": 40, "sets": DIRAC, "flags": {"steps": 60}, **more}


LEVELS = {"none": 0.5, "a": 0.4, "b": 0.6, "c": 0.0}
"""Of the arms; at 0 every run diverges, below every run fails."""
RECIPE = {"domain": "pair", "steps": 20, "generator": {"optimizer": {"name": "adam", "lr": 0.1}}}


def content(**more: Any) -> dict[str, Any]:
    """What a selection.yaml of three candidates holds."""
    names = ("none", "a", "b", "c")
    return {
        "format": 1,
        "created": "2026-01-01",
        "commands": [["detente", "choose", "pair", "--cells", "40"]],
        "versions": [{"detente": "0.1.0"}],
        "domain": "pair",
        "asked": ["--steps", "20"],
        "also": [],
        "budget": None,
        "cells": 40,
        "primary": {"score": "frechet", "direction": "lower", "log": False, "protocol": "x"},
        "settings": [],
        "candidates": [{"text": name, "slug": name, "family": "letters"} for name in names[1:]],
        "untried": [{"text": "d", "family": "letters", "why": "is refused"}],
        "recipes": dict.fromkeys(names, RECIPE),
        "findings": [],
        **more,
    }


def written(folder: Path, levels: dict[str, float], most: int = 1000, **more: Any) -> Choice:
    """A selection whose runs have these scores, as many of them as there may be."""
    choice = Choice(folder, content(**more))
    choice.write()
    while most and (open_ := [cell for cell, _ in choice.runs() if choice.score(cell) is None]):
        for cell in open_[:most]:
            level = levels[cell.arm.text]
            status = "finished" if level > 0 else "diverged" if level == 0 else "failed"
            finals = (level + 0.001 * (cell.seed % 7),) if level > 0 else ()
            write_cell(cell, status, finals, error="no luck" if level < 0 else None)
            most -= 1
    return Choice.open(folder)
