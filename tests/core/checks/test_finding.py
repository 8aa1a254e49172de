"""A finding, and what rules ask about a game."""

from detente.checks import Context, Fault, Finding, findings, refuses, warns
from detente.checks.finding import at, one_lipschitz, touched
from detente.engine.regularizer import named
from faulty import TheirClip, TheirSlopePenalty, TheirSpectralNorm, adam, game, reg


def test_a_finding_says_everything_in_one_sentence_and_as_data():
    finding = findings(game([reg("l2")], optimizer=adam))[0]
    assert isinstance(finding, Finding) and finding.plain()["code"] in str(finding)


class TheirCoupling(TheirSlopePenalty):
    couples = True


def context(*D, G=(), **options) -> Context:
    return Context(game(D, G, **options), warmed_up=False)


def names(links) -> list[str]:
    return [link.name for link in links]


def test_what_is_switched_off_for_good_is_not_asked_about():
    c = context(reg("r1", gamma=0.0), reg("l2"), G=[reg("l2", weight=0.0)])
    assert names(c.active(c.game.discriminator)) == ["l2"] and names(c.active(c.game.generator)) == []
    assert [player.role for player in c.players] == ["discriminator", "generator"]


def test_penalties_that_differentiate_single_samples_are_known_by_their_traits():
    c = context(reg("r1"), reg("l2"), reg("lecam"), TheirSlopePenalty(), TheirCoupling(), reg("dragan", weight=0.0))
    assert names(c.input_gradients()) == ["r1", "their-slope-penalty"]
    assert names(context(G=[reg("path-length")]).input_gradients()) == []


def test_a_slope_target_of_zero_is_none():
    c = context(reg("r1"), reg("gradient-penalty"), named("flat", TheirSlopePenalty(target=0.0)), TheirSlopePenalty())
    assert names(c.slope_targets()) == ["gradient-penalty", "their-slope-penalty"]


def test_a_rule_gives_its_findings_its_code_and_level():
    def find(c):
        yield Fault("here", "it is so", "it was so", "Leave it.")
        yield Fault("there", "it is so", "it was so", "Leave it.")

    for rule, level in ((refuses("so")(find), "refuse"), (warns("so")(find), "warn")):
        assert (rule.code, rule.level) == ("so", level)
        found = list(rule(context()))
        assert [(f.code, f.level, f.where) for f in found] == [("so", level, "here"), ("so", level, "there")]
        assert str(found[0]) == "here: it is so, because it was so. Leave it. [so]"
        assert found[0].plain() == {
            "code": "so",
            "level": level,
            "where": "here",
            "what": "it is so",
            "why": "it was so",
            "fix": "Leave it.",
        }


def test_only_a_normalization_of_weights_that_bounds_the_slope_makes_layers_1_lipschitz():
    assert one_lipschitz(reg("spectral-norm")) and one_lipschitz(TheirSpectralNorm())
    assert not any(map(one_lipschitz, (reg("weight-norm"), reg("gradient-penalty"), TheirClip())))


def test_the_layers_that_a_regularizer_acts_on_are_those_of_its_where():
    c = context(reg("spectral-norm", where="0"))
    player = c.game.discriminator
    assert [layer.name for layer in touched(player, player.regularizer.links[0])] == ["0"]
    assert [layer.name for layer in touched(player, reg("l2"))] == ["0", "2"]
    assert touched(player, reg("l2", where="2.weight")) == [], "a parameter's name is no layer's"
    assert at(player, named("second", reg("l2"))) == "discriminator.regularizers.second"
