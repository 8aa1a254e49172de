"""The laws that every regularizer must pass, for those who write their own: see `detente.testing.check`."""

from detente.testing.check import TOYS, cases, check, check_domain, kind
from detente.testing.domain_laws import Kind
from detente.testing.laws import Broken, Case, Skip, Subject
from detente.testing.report import Report, Verdict

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
