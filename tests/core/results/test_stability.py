"""How steadily a run went, read from its lines."""

import pytest

from detente.results.stability import collapse, read, spikes


@pytest.mark.parametrize(
    ("scores", "step"),
    [
        ((0.2, 0.8, 0.7, 0.3, 0.2), 40),
        ((0.2, 0.8, 0.3, 0.7), None),  # it recovered
        ((0.8, 0.4), None),  # half is not below half
        ((0.0, 0.04, 0.0), None),  # nothing was there to lose
        ((0.1, 0.6, 0.9), None),
        ((), None),
    ],
)
def test_a_run_has_collapsed_where_it_stays_below_half_of_its_best(scores, step):
    assert collapse([(10 * (i + 1), value) for i, value in enumerate(scores)]) == step


def test_a_spike_stands_out_from_the_lines_before_it():
    assert spikes([1, 1, 1, 1, 1, 11, 1, 9]) == 1
    assert spikes([1, 100]) == 0  # too few before it
    assert spikes([1, None]) == 1  # not finite
    assert spikes([1] * 5 + [11] * 30) == 5  # until the new level is the median


def test_reading_a_run_from_its_lines():
    lines = [{"step": s, "watched": {"D/gradient": 1.0, "D/apart": 1.0 if s > 2 else 0.5}} for s in (1, 2, 3, 4)]
    lines += [{"step": s, "scores": {"modes": m}, "scaled": v, "spectral": {"a": 2.0, "b": 3.0}}
              for s, m, v in ((2, 8.0, 0.8), (4, 1.0, 0.2))]  # fmt: skip
    found = read(lines, 0.2, 0.8, None)
    assert (found.kept, found.collapsed, found.spikes, found.saturated) == (pytest.approx(0.25), 4, 0, 0.5)
    assert found.modes == ((2, 8.0), (4, 1.0))
    assert found.slope == ((2, 6.0), (4, 6.0))
    assert read([], 0.0, 0.0, 7).collapsed == 7
    assert read([], None, None, None).spikes is None
