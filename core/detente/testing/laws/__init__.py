"""The laws: one function each, named as the law reads. See `detente.testing` for how they are run."""

from detente.engine.regularizer import Passes, Regularizer
from detente.testing.laws import closed_forms, critics, effects, furnished, networks, penalties, play, process, together
from detente.testing.laws.furnished import furnished_case as furnished_case
from detente.testing.laws.process import process_kept as process_kept
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
    process.global_generators_are_left_alone,
    process.process_wide_settings_stay,
    process.nothing_of_a_step_is_kept,
    play.extra_calls_shift_nobody,
    play.a_checkpoint_holds_everything,
    penalties.zero_gradients_are_survived,
    penalties.gradients_match_finite_differences,
    penalties.stays_float32_under_autocast,
    penalties.declared_passes_are_the_real_ones,
    process.nothing_waits_for_the_device,
    networks.names_and_types_stay,
    networks.forwards_write_no_state,
    critics.rewritten_networks_keep_samples_apart,
    critics.the_generator_learns_through_augment,
    networks.deployed_networks_are_settled,
    networks.the_deployed_copy_stays_still,
    networks.adjust_weights_is_what_it_declares,
    effects.adjustments_keep_to_where,
    play.penalties_commute_to_the_bit,
    together.several_processes_play_as_one,
)
ON_CLOSED_FORMS = (
    closed_forms.arrangement_of_a_sample_is_irrelevant,
    closed_forms.duplicated_batches_cost_the_same,
    closed_forms.closed_forms_are_met,
    critics.all_subcritics_count,
    critics.the_critic_is_the_augmented_one,
    critics.a_penalty_is_a_mean_over_samples,
)
ON_FURNISHED = (
    furnished.labels_reach_every_call,
    furnished.frozen_parameters_are_left_alone,
    furnished.deployed_networks_have_the_buffers,
)
SOMEWHERE = (
    effects.it_has_an_effect,
    effects.its_penalty_depends_on_its_player,
    *effects.POINT_LAWS,
    effects.where_chooses,
)
"""Laws that one case is enough for."""
WITHOUT_CONTROL = (*SOMEWHERE, together.several_processes_play_as_one)
"""Laws that say nothing about a game without the regularizer, or that all processes must try together."""
ALL = (*ON_CASES, *ON_CLOSED_FORMS, *ON_FURNISHED, *SOMEWHERE)


def must_keep(one: Regularizer) -> tuple[str, ...]:
    """The laws that must have been tried at least once on a regularizer of this kind."""
    points, out = one.defines(), {"play_goes_on", "nothing_waits_for_the_device", "a_checkpoint_holds_everything"}
    out |= {"the_other_player_is_left_alone", "deployed_networks_are_settled", "the_deployed_copy_stays_still"}
    out |= {"it_has_an_effect", "global_generators_are_left_alone", "process_wide_settings_stay"}
    out |= {"nothing_of_a_step_is_kept"}
    if one.off is not None:
        out.add("off_is_absent_to_the_bit")
    if "rewrite" in points:
        out |= {"names_and_types_stay", "forwards_write_no_state"}
    if "augment" in points:
        out.add("the_generator_learns_through_augment")
    if "penalty" in points and one.passes() != Passes():
        out.add("declared_passes_are_the_real_ones")
    return tuple(sorted(out))
