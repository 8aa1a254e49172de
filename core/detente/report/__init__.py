"""Reports: one HTML file each, which needs no network, no other file and no script to be read."""

from detente.report.choice import choice_report
from detente.report.run import run_report
from detente.report.study import study_report
from detente.report.tuning import tuning_report

__all__ = ["choice_report", "run_report", "study_report", "tuning_report"]
