"""Who gets a signal, and who gets it back."""

import os
import signal
import threading

import pytest

from detente.training.signals import STOP, on_signal


@pytest.mark.parametrize("number", STOP)
def test_a_signal_is_handed_over_and_the_handler_from_before_comes_back(number):
    before = signal.getsignal(number)
    seen: list[int] = []
    with on_signal(seen.append, *STOP):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert seen == [number, number]
    assert signal.getsignal(number) == before


def test_what_is_not_asked_for_stays_as_it_was():
    before = signal.getsignal(signal.SIGINT)
    with on_signal(lambda number: None, signal.SIGTERM):
        assert signal.getsignal(signal.SIGINT) == before
        assert signal.getsignal(signal.SIGTERM) != before


def test_the_handler_comes_back_after_an_error():
    before = signal.getsignal(signal.SIGTERM)

    def stop(number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), on_signal(stop, signal.SIGTERM):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_outside_the_main_thread_nothing_happens():
    before = signal.getsignal(signal.SIGINT)
    found: list[object] = []

    def inside() -> None:
        with on_signal(lambda number: None, *STOP):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found == [before]
