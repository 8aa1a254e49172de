"""The errors that users meet: what class has what exit code, and how any exception becomes one line."""

import pytest

from detente.errors import (
    DetenteError,
    DivergedError,
    Interrupted,
    MissingExtraError,
    PluginError,
    StudyError,
    UsageError,
    did_you_mean,
    one_line,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [(DetenteError, 1), (UsageError, 2), (PluginError, 3), (MissingExtraError, 3), (DivergedError, 4), (StudyError, 5)],
)
def test_every_error_of_ours_has_the_exit_code_of_its_kind(error, code) -> None:
    assert error("x").exit_code == code and issubclass(error, DetenteError)


@pytest.mark.parametrize(("signal", "code"), [(2, 130), (15, 143)])
def test_an_interruption_ends_as_a_shell_reports_its_signal_and_no_except_exception_stops_it(signal, code) -> None:
    error = Interrupted(signal)
    assert error.exit_code == code and str(error) == f"interrupted by signal {signal}"
    assert isinstance(error, KeyboardInterrupt) and not isinstance(error, Exception)


def test_a_missing_extra_is_an_import_error_too() -> None:
    with pytest.raises(ImportError):
        raise MissingExtraError("install it")


@pytest.mark.parametrize(
    ("name", "choices", "hint"),
    [
        ("spectral-nrom", ["r1", "spectral-norm", "weight-norm"], " Did you mean 'spectral-norm'?"),
        ("gama", (x for x in ("gamma", "every")), " Did you mean 'gamma'?"),
        ("zzz", ["r1", "l2"], ""),
        ("r1", [], ""),
    ],
)
def test_the_closest_name_is_offered_where_one_is_close(name, choices, hint) -> None:
    assert did_you_mean(name, choices) == hint


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UsageError("r1: gamma=-1 should be 0 or more."), "r1: gamma=-1 should be 0 or more."),
        (UsageError("two\n  lines"), "two lines"),
        (ValueError("bad\tvalue"), "ValueError: bad value"),
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError(), "ValueError"),
        (ValueError("\x1b[31mred\x07"), "ValueError: ?[31mred?"),
        (Unreadable(), "Unreadable: (no readable message)"),
    ],
)
def test_any_exception_becomes_one_printable_line(error, line) -> None:
    assert one_line(error) == line
