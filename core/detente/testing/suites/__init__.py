"""The suites of components: which laws there are for data, models, metrics, domains and objectives."""

from detente.testing.suites import data, domains, metrics, models, objectives, whole
from detente.testing.suites.kind import Kind as Kind
from detente.testing.suites.objectives import Losses as Losses

OF_DATA = data.LAWS
OF_MODELS = models.LAWS
OF_METRICS = metrics.LAWS
OF_DOMAINS = (*data.LAWS, *models.LAWS, *metrics.LAWS, *domains.LAWS, *whole.LAWS)
OF_OBJECTIVES = objectives.LAWS
MUST = {
    "data": data.MUST,
    "model": models.MUST,
    "metric": metrics.MUST,
    "domain": (*data.MUST, *models.MUST, *metrics.MUST, *domains.MUST),
    "objective": objectives.MUST,
}
"""The laws that must have been tried on a component of each kind."""
