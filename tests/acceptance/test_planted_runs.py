"""What `detente doctor` promises: nearly all planted faults are named, and healthy runs are left alone."""

import pytest
from planted_runs import HEALTHY, PLANTED, chosen_on, train

from detente.plugins import discover
from detente.results.doctor.rules import examine
from detente.training.run_folder import Run

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600)]


HALVES = pytest.mark.parametrize("half", [True, False], ids=["chosen on", "checked on"])


@HALVES
def test_nine_of_ten_planted_faults_are_named(tmp_path, half: bool) -> None:
    host, missed = discover(), list[str]()
    runs = {name: planted for name, planted in PLANTED.items() if chosen_on(planted) is half}
    for i, (name, planted) in enumerate(runs.items()):
        found = {each.code for each in examine(Run(train(planted, tmp_path / str(i), host)))}
        if not found & set(planted.codes):
            missed.append(f"{name}: {sorted(found)}, not {planted.codes}")
    assert len(runs) >= 20 and len(missed) <= 0.1 * len(runs), missed


def test_at_most_one_of_twenty_healthy_runs_is_accused(tmp_path) -> None:
    host, ends, accused = discover(), dict[str, float](), list[str]()
    for i, (name, planted) in enumerate(HEALTHY.items()):
        run = Run(train(planted, tmp_path / str(i), host))
        ends[name] = run.info["final"]["scaled"]
        if found := [each.code for each in examine(run)]:
            accused.append(f"{name}: {found}")
    domains = {planted.domain for planted in HEALTHY.values()}
    best = {domain: max(ends[n] for n, p in HEALTHY.items() if p.domain == domain) for domain in domains}
    healthy = [name for name, p in HEALTHY.items() if ends[name] >= best[p.domain] / 2]  # whatever its regularizer
    wrong = [each for each in accused if each.partition(":")[0] in healthy]
    assert len(healthy) >= 40 and len(wrong) <= 0.05 * len(healthy), (wrong, ends)
