"""What the contracts promise by themselves: defaults, shared features, and names of scores."""

from detente.plugins import host


def test_what_is_renamed_has_its_new_name_and_no_longer_its_old_one() -> None:
    seen = {}
    for entry in host().entries("metric"):
        metric = host().load("metric", entry.name, entry.domain)
        assert set(metric.renamed.values()) <= set(metric.scores)
        assert not set(metric.renamed) & set(metric.scores)
        seen |= metric.renamed
    assert seen == {"kl": "modes-kl", "unique": "uniqueness", "novel": "novelty"}
