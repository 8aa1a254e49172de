"""Objectives with one planted fault each; `OBJECTIVES` names the law that must catch each."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from detente import Objective, Step, leaves
from detente.engine.objectives import NonSaturating, mean


class WrongSign(NonSaturating):
    def generator(self, s: Step) -> Tensor:
        return mean(softplus, s.fake_logits)


class HighMeansFake(NonSaturating):
    def discriminator(self, s: Step) -> Tensor:
        return mean(softplus, s.real_logits) + mean(lambda d: softplus(-d), s.fake_logits)


class Detached(NonSaturating):
    def generator(self, s: Step) -> Tensor:
        return super().generator(s).detach().requires_grad_()


class Summed(NonSaturating):
    def discriminator(self, s: Step) -> Tensor:
        return softplus(-s.real_score).sum() + softplus(s.fake_score).sum()


class EarlyBirds(NonSaturating):
    def generator(self, s: Step) -> Tensor:
        weight = torch.arange(len(s.fake_score), 0, -1).to(s.fake_score)
        return (weight * softplus(-s.fake_score)).sum() / weight.sum()


class FirstCritic(NonSaturating):
    def generator(self, s: Step) -> Tensor:
        return softplus(-leaves(s.fake_logits)[0]).mean()


class AllPositions(NonSaturating):
    def generator(self, s: Step) -> Tensor:
        return softplus(-leaves(s.fake_logits)[0]).flatten(1).sum(1).mean() if self._flat(s) else super().generator(s)

    def _flat(self, s: Step) -> bool:
        return leaves(s.fake_logits)[0].dim() > 1


class NoisyLabels(NonSaturating):
    def discriminator(self, s: Step) -> Tensor:
        soft = 0.9 + 0.1 * torch.rand(len(s.real_score))
        return (soft * softplus(-s.real_score)).mean() + mean(softplus, s.fake_logits)


class Overflowing(Objective):
    def discriminator(self, s: Step) -> Tensor:
        return -(s.real_score.sigmoid().log().mean() + (1 - s.fake_score.sigmoid()).log().mean())

    def generator(self, s: Step) -> Tensor:
        return -s.fake_score.sigmoid().log().mean()


class Unreduced(NonSaturating):
    def generator(self, s: Step) -> Tensor:
        return softplus(-s.fake_score)


class Attached(NonSaturating):
    def discriminator(self, s: Step) -> Tensor:
        return mean(lambda d: softplus(-d), s.real_logits) + mean(softplus, s.critic(s.generate(s.z)))


class InPlace(NonSaturating):
    def discriminator(self, s: Step) -> Tensor:
        loss = super().discriminator(s)
        for leaf in leaves(s.real):
            leaf.data.clamp_(-0.01, 0.01)
        return loss


class Hoarder(NonSaturating):
    def discriminator(self, s: Step) -> Tensor:
        self.last = s
        return super().discriminator(s)


class Deterministic(NonSaturating):
    def discriminator(self, s: Step) -> Tensor:
        torch.use_deterministic_algorithms(True)
        return super().discriminator(s)


OBJECTIVES = {
    WrongSign: "the_generator_learns_to_be_taken_for_real",
    HighMeansFake: "the_discriminator_learns_to_tell_real_from_fake",
    Detached: "the_generator_learns_to_be_taken_for_real",
    Summed: "losses_are_means_over_the_batch",
    EarlyBirds: "the_order_of_the_batch_is_irrelevant",
    FirstCritic: "all_logits_count",
    AllPositions: "positions_are_averaged",
    NoisyLabels: "losses_draw_nothing",
    Overflowing: "large_logits_are_survived",
    Unreduced: "losses_are_scalars",
    Attached: "each_loss_is_its_own_players",
    InPlace: "samples_are_left_as_they_are",
    Hoarder: "nothing_of_a_step_is_kept",
    Deterministic: "the_process_is_left_alone",
}
