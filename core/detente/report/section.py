"""What a study's page is made of: sections, each a function of the study's results."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from detente.report.domains import DomainPart
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.verdicts import Verdicts


@dataclass(frozen=True)
class Results:
    """A study and what has become of it by now.

    Attributes:
        outcomes: of all its cells.
        domains: what there is to say of each domain.
        damaged: sentences on what of its folder could not be used.
    """

    study: Study
    outcomes: Sequence[Outcome]
    verdicts: Verdicts
    domains: Sequence[DomainPart]
    damaged: Sequence[str]

    @classmethod
    def of(cls, study: Study) -> "Results":
        """Read the cells of a study."""
        outcomes = [Outcome.of(cell) for cell in study.cells]
        verdicts = Verdicts(study, outcomes)
        domains = [DomainPart(study, name, outcomes, verdicts) for name in study.domains]
        damaged = [*study.damaged, *(text for outcome in outcomes for text in outcome.damaged)]
        return cls(study, outcomes, verdicts, domains, damaged)

    @property
    def many(self) -> bool:
        """Whether there are several seeds."""
        return len(self.study.seeds) > 1


@dataclass(frozen=True)
class Section:
    """Part of a page.

    Attributes:
        body: its elements, `<section id=…>` and all.
        links: (anchor, name) of what the navigation names of it.
    """

    body: Markup
    links: Sequence[tuple[str, str]] = field(default=())
