"""The laws that every regularizer must pass, for those who write their own: see `detente.testing.check`."""

from detente.testing.check import TOYS, Report, Verdict, cases, check
from detente.testing.laws import Broken, Case, Skip, Subject

__all__ = ["TOYS", "Broken", "Case", "Report", "Skip", "Subject", "Verdict", "cases", "check"]
