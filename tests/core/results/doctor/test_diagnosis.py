"""What a rule makes of what it sees."""

from collections.abc import Iterator

from courses import course
from detente.results.doctor.course import Course
from detente.results.doctor.diagnosis import Seen, rule


@rule("too-late", above=3)
def late(c: Course, threshold: float) -> Iterator[Seen]:
    """It is late."""
    yield Seen("It is late", 40, "hours", threshold + 0.5, "The clock went on.", "Sleep.")


def test_a_diagnosis_says_since_when_what_how_much_and_what_next() -> None:
    (found,) = late(course())
    assert str(found) == "from step 40: It is late; hours: 3.5 (3 or more is wrong). The clock went on. Sleep."
    assert found.plain()["code"] == "too-late" and found.plain()["threshold"] == 3 and found.plain()["above"]
    assert late.summary == "It is late."


def test_what_has_no_step_and_is_wrong_below() -> None:
    @rule("few", below=2)
    def few(c: Course, threshold: float) -> Iterator[Seen]:
        yield Seen("They are few", None, "number", 1, "", "Get more.")

    assert [str(found) for found in few(course())] == ["They are few; number: 1 (2 or less is wrong). Get more."]
