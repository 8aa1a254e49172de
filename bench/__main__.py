"""`python -m bench [quick]`: the engine and `attach` compared with loops by hand, each regularizer with none."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from bench.account import pieces
from bench.loops import close, r1_attached, r1_by_hand
from bench.start import start_rows
from bench.tables import Table, by_hand, engine, tables
from detente.engine.chain import chain
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.plugins import host

BLOCK = 0.03
"""Seconds of work between two changes of side: short against the drift of a shared machine."""

TARGETS = {
    ("dcgan", "engine"): 1.03,
    ("molgan", "engine"): 1.03,
    ("ring", "engine"): 1.10,
    ("relgan", "engine"): 1.03,
    ("specgan", "engine"): 1.03,
    **{("dcgan", name): at_most for name, at_most in (("l1", 1.05), ("l2", 1.05), ("clip-norm", 1.08), ("ema", 1.08))},
    **{(name, "attach"): 1.03 for name in ("ring", "dcgan", "molgan", "relgan", "specgan")},
    ("dcgan", "r1"): 1.40,
    ("dcgan", "gradient-penalty"): 1.65,
    ("ring", "spectral-norm"): 1.35,
}


def ratio(a: Callable[[int], Any], b: Callable[[int], Any], rounds: int) -> tuple[float, float, float]:
    """Processor time of `a` over that of `b`, the median over rounds that alternate; and both in ms a step."""
    steps = [0, 0]
    for i, f in enumerate((a, b)):
        for _ in range(5):
            f(steps[i])
            steps[i] += 1
    started = time.process_time()
    a(steps[0])
    steps[0] += 1
    block = max(1, round(BLOCK / max(time.process_time() - started, 1e-6)))
    times: list[tuple[float, float]] = []
    for r in range(rounds):
        pair = [0.0, 0.0]
        for i in (0, 1) if r % 2 else (1, 0):
            f = (a, b)[i]
            started = time.process_time()
            for k in range(steps[i], steps[i] + block):
                f(k)
            pair[i] = (time.process_time() - started) / block
            steps[i] += block
        times.append((pair[0], pair[1]))
    ms = [statistics.median(t[i] for t in times) * 1e3 for i in (0, 1)]
    return statistics.median(x / y for x, y in times), ms[0], ms[1]


def same_numbers(table: Table) -> bool:
    """Whether both loops end at the same weights, to the bit, after 20 steps."""
    ours, theirs = engine(table), by_hand(table)
    for k in range(19):
        ours(k)
        theirs(k)
    game, networks = ours(19), theirs(19)
    pairs = ((game.generator.network, networks.generator), (game.discriminator.network, networks.discriminator))
    return all(torch.equal(p, q) for a, b in pairs for p, q in zip(a.parameters(), b.parameters(), strict=True))


def verdict(table: str, name: str, value: float) -> str:
    """The target beside the measurement, where there is one."""
    target = TARGETS.get((table, name))
    return "" if target is None else f"   target {target:.2f}: {'met' if value <= target else 'MISSED'}"


def attach_row(table: Table, rounds: int) -> float:
    """Print what r1 costs through `detente.attach`, over the same loop with r1 written by hand."""
    value, ours, theirs = ratio(r1_attached(table), r1_by_hand(table), rounds)
    equal = "the same weights" if close(table) else "OTHER WEIGHTS"
    print(
        f"  {'attach / written by hand':24} {value:5.3f}   {(ours - theirs) * 1e3:+.0f} µs of {theirs:.2f} ms with r1, "
        f"{equal} after 20 steps{verdict(table.name, 'attach', value)}"
    )
    return value


def main() -> None:
    """Print all ratios; write them to `bench/latest.json` too."""
    torch.set_num_threads(1)
    rounds = 15 if "quick" in sys.argv[1:] else 60
    only = [a for a in sys.argv[1:] if a != "quick"]
    results: dict[str, Any] = {"torch": torch.__version__, "start": {} if only else start_rows(), "tables": {}}
    for table in tables():
        if only and table.name not in only:
            continue
        value, ours, theirs = ratio(engine(table), by_hand(table), rounds)
        print(f"\n{table.name}: {theirs:.2f} ms per step of the hand-written loop (batch {table.batch})")
        equal = "the same weights to the bit" if same_numbers(table) else "OTHER WEIGHTS"
        print(
            f"  {'engine / hand-written':24} {value:5.3f}   {(ours - theirs) * 1e3:+.0f} µs, {equal} after 20 steps"
            f"{verdict(table.name, 'engine', value)}"
        )
        found = pieces(table)
        for name, times, each in found:
            print(f"    of these {times * each:6.1f} µs   {times} × {each:.1f} µs  {name}")
        rest = (value - 1) * theirs * 1e3 - sum(times * each for _, times, each in found)
        print(f"    the rest {rest:6.1f} µs   calls between objects, contexts, and the noise of this measurement")
        rows: dict[str, Any] = {"engine": value, "attach": attach_row(table, rounds)}
        for entry in host().entries("regularizer"):
            make: type[Regularizer] = entry.load()
            one = make()
            role = "generator" if one.players[0] == "generator" else "discriminator"
            passes = ", ".join(f"{n} {what}" for what, n in one.passes()._asdict().items() if n) or "none"
            try:
                value, ours, _ = ratio(engine(table, role, chain(make())), engine(table), rounds)
            except UsageError as reason:
                print(f"  {entry.name:24} refused: {str(reason)[:90]}")
                continue
            rows[entry.name] = value
            print(f"  {entry.name:24} {value:5.3f}   extra passes: {passes}{verdict(table.name, entry.name, value)}")
        results["tables"][table.name] = rows
    Path(__file__).with_name("latest.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
