"""The course of a run, as rules see it."""

from pathlib import Path

from courses import course, scaled
from detente.results.doctor.course import Course, early, finite, late, middle, since
from detente.training.run_folder import Run


def test_numbers_come_with_their_steps_and_what_is_not_finite_is_none() -> None:
    c = course([{"D/apart": 0.5}, {"D/apart": None}, {}, {"D/apart": 1}])
    assert c.watched("D/apart") == [(10, 0.5), (20, None), (40, 1.0)]
    assert finite(c.watched("D/apart")) == [(10, 0.5), (40, 1.0)]
    assert c.watched("D/other") == []


def test_halves_and_quarters() -> None:
    points = [(i, float(i)) for i in range(8)]
    assert late(points) == points[4:] and early(points) == points[:2]
    assert early(points[:1]) == points[:1]
    assert middle(points) == 3.5 and middle([]) is None


def test_since_is_the_first_step_of_the_wrong_end() -> None:
    points = [(10, 1.0), (20, 9.0), (30, 2.0), (40, 9.0), (50, 8.0)]
    assert since(points, [value > 5 for _, value in points]) == 40
    assert since(points, [True] * 5) == 10
    assert since(points, [value > 8.5 for _, value in points]) is None


def test_a_run_is_good_from_half_of_the_way_to_real_data_on() -> None:
    assert course(evaluated=scaled(0.1, 0.5)).good
    assert not course(evaluated=scaled(0.9, 0.4)).good
    assert not course(evaluated=scaled(None)).good


def test_commands_quote_the_folder_and_divide_the_rates() -> None:
    c = Course(Path("my runs/1"), course().recipe)
    assert c.again(*c.rate("D", 4)) == (
        "detente train --recipe 'my runs/1/recipe.yaml' --set discriminator.optimizer.lr=0.0005"
    )
    scheduled = {"generator": {"optimizer": {"lr": {"from": 1, "to": 0}}}}
    assert Course(Path("1"), scheduled).rate("G", 4) == ()


def test_what_is_damaged_is_no_course(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("{")
    (tmp_path / "run.json").write_text("[")
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "terms": {"D/x": 2.0}}\nnonsense\n')
    c = Course.of(Run(tmp_path))
    assert (c.recipe, c.info, c.term("D/x")) == ({}, {}, [(1, 2.0)])
