"""The laws: one function each, named as the law reads. See `detente.testing` for how they are run."""

from detente.engine.regularizer import Passes, Regularizer
from detente.testing.laws import closed_forms, networks, penalties, play, together
from detente.testing.laws.subject import Broken as Broken
from detente.testing.laws.subject import Case as Case
from detente.testing.laws.subject import Skip as Skip
from detente.testing.laws.subject import Subject as Subject
from detente.testing.laws.subject import plain_case as plain_case

ON_CASES = (
    play.play_goes_on,
    play.off_is_absent_to_the_bit,
    play.the_other_player_is_left_alone,
    penalties.draws_come_from_its_own_stream,
    play.extra_calls_shift_nobody,
    play.a_checkpoint_holds_everything,
    penalties.zero_gradients_are_survived,
    penalties.gradients_match_finite_differences,
    penalties.stays_float32_under_autocast,
    penalties.declared_passes_are_the_real_ones,
    play.nothing_waits_for_the_device,
    networks.names_and_types_stay,
    networks.forwards_write_no_state,
    networks.deployed_networks_are_settled,
    play.penalties_commute_to_the_bit,
    together.several_processes_play_as_one,
)
ON_CLOSED_FORMS = (
    closed_forms.arrangement_of_a_sample_is_irrelevant,
    closed_forms.duplicated_batches_cost_the_same,
    closed_forms.closed_forms_are_met,
)


def must_keep(one: Regularizer) -> tuple[str, ...]:
    """The laws that must have been tried at least once on a regularizer of this kind."""
    points, out = one.defines(), {"play_goes_on", "nothing_waits_for_the_device", "a_checkpoint_holds_everything"}
    out |= {"the_other_player_is_left_alone", "deployed_networks_are_settled"}
    if one.off is not None:
        out.add("off_is_absent_to_the_bit")
    if "rewrite" in points:
        out |= {"names_and_types_stay", "forwards_write_no_state"}
    if "penalty" in points and one.passes() != Passes():
        out.add("declared_passes_are_the_real_ones")
    return tuple(sorted(out))
