"""The laws that components must keep, for those who write their own: see `detente.testing.check`."""

from detente.testing.check import TOYS, cases, check, check_domain, kind
from detente.testing.laws import Broken, Case, Skip, Subject
from detente.testing.report import Report, Verdict
from detente.testing.suites import Kind

__all__ = [
    "TOYS",
    "Broken",
    "Case",
    "Kind",
    "Report",
    "Skip",
    "Subject",
    "Verdict",
    "cases",
    "check",
    "check_domain",
    "kind",
]
