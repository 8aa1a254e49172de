"""What a penalty may look at: everything is computed once and shared, and every component draws for itself."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from detente.engine.sample import Leaf, Space, leaves
from detente.engine.step import Moment, Step
from detente.engine.streams import Stream
from detente.errors import UsageError
from detente.testing.probe import Linear, Matrix, Plain, probe
from detente.toys.networks import Perceptron
from detente.toys.tokens import TokenCritic

X, Y = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[0.0, 1.0], [-1.0, 0.0]])


class Counting(Linear):
    """A linear critic that keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(torch.tensor([1.0, 1.0]))
        self.asked: list[list[list[float]]] = []

    def forward(self, x):
        self.asked.append(x.tolist())
        return super().forward(x)


class Noisy(nn.Module):
    """Adds noise from the default generator to every logit."""

    def forward(self, x):
        return x.sum(1) + torch.randn(len(x))


def test_logits_are_computed_once_whoever_asks() -> None:
    critic = Counting()
    step = probe(critic, X, Y)
    first = step.real_logits
    assert step.seen_by("another").real_logits is first and torch.equal(step.real_score, first)
    _ = step.fake_logits, step.fake_score
    assert critic.asked == [X.tolist(), Y.tolist()]


def test_in_the_discriminators_turn_the_reals_come_first_whoever_asks() -> None:
    """So what running statistics see does not depend on the regularizers."""
    critic = Counting()
    _ = probe(critic, X, Y).fake_logits
    assert critic.asked == [X.tolist(), Y.tolist()]
    critic = Counting()
    _ = probe(critic, X, Y, turn="generator").fake_logits
    assert critic.asked == [Y.tolist()]


def test_scores_are_known_once_both_were_asked_for_and_have_no_graph() -> None:
    step = probe(Counting(), X, Y)
    assert step.known_scores is None
    _ = step.real_logits
    assert step.known_scores is None
    _ = step.fake_logits
    assert step.known_scores is not None
    assert [x.tolist() for x in step.known_scores] == [[3.0, 7.0], [1.0, -1.0]]
    assert not any(x.requires_grad for x in step.known_scores)


def test_further_calls_of_the_critic_draw_anew_and_shift_nobody() -> None:
    step = probe(Noisy(), X, Y)
    one, other = step.seen_by("one"), step.seen_by("other")
    first, second = one.critic(X), one.critic(X)
    assert len({tuple(leaves(x)[0].tolist()) for x in (first, second, other.critic(X), step.real_logits)}) == 4
    again = probe(Noisy(), X, Y)
    assert torch.equal(leaves(again.seen_by("other").critic(X))[0], leaves(step.seen_by("other").critic(X))[0])
    assert torch.equal(leaves(again.real_logits)[0], leaves(step.real_logits)[0])


class NoisyGenerator(nn.Module):
    def forward(self, z):
        return z + torch.randn(z.shape)


def test_repeated_samples_differ_in_their_latents_alone() -> None:
    step = probe(Counting(), X, generator=NoisyGenerator(), z=Y)
    torch.testing.assert_close(step.generate(Y + 1), step.generate(Y) + 1)
    assert torch.equal(leaves(step.generate(Y))[0], leaves(step.fake)[0])


@pytest.mark.parametrize("turn", ["discriminator", "generator"])
def test_both_losses_reach_both_players_in_either_turn(turn) -> None:
    """D(x) = ⟨w, x⟩ and G(z) = Az with A = I and w = (1, 1), so the logits are 3, 7 and 1, −1."""
    critic, generator = Linear(torch.ones(2)), Matrix(torch.eye(2))
    step = probe(critic, X, generator=generator, z=Y, turn=turn)
    d, g = step.losses()
    softplus = nn.functional.softplus
    real, fake = torch.tensor([3.0, 7.0]), torch.tensor([1.0, -1.0])
    torch.testing.assert_close(d, softplus(-real).mean() + softplus(fake).mean())
    torch.testing.assert_close(g, softplus(-fake).mean())
    for loss in (d, g):
        for found in torch.autograd.grad(loss, (critic.w, generator.A), retain_graph=True):
            assert found.abs().max() > 0


def test_channels_are_last_unless_the_space_says_otherwise() -> None:
    pictures = torch.zeros(2, 3, 4, 4), torch.zeros(2, 5)
    critic = Linear(torch.zeros(53))
    assert probe(critic, pictures, pictures).channel_axes("input") == (-1, -1)
    space = Space((Leaf((3, 4, 4), channel_axis=1), Leaf((5,))))
    assert probe(critic, pictures, pictures, space=space).channel_axes("input") == (1, -1)


def test_a_penalty_may_differentiate_at_the_embedding() -> None:
    torch.manual_seed(0)
    words = torch.eye(5)[torch.tensor([[0, 1, 2, 3, 4, 0], [4, 4, 4, 4, 4, 4]])]
    critic = TokenCritic(width=8, embedding=3)
    step = probe(critic, words, words)
    embedded = step.real_at("embedding")
    torch.testing.assert_close(embedded, critic.embed(words))
    assert step.real_at("input") is step.real and step.channel_axes("embedding") == (-1,)
    torch.testing.assert_close(step.critic(embedded, "embedding"), step.real_logits)
    assert not torch.allclose(leaves(step.critic(step.fake_at("embedding") + 1, "embedding"))[0], step.real_score)
    torch.testing.assert_close(step.critic(words), step.real_logits)  # nothing stands in any longer


def test_features_are_those_of_the_stated_layers() -> None:
    torch.manual_seed(0)
    critic = Perceptron(2, 1, width=4, depth=2, squeeze=True)
    step = probe(critic, X, Y)
    first = critic.act1(critic.fc1(X))
    torch.testing.assert_close(step.real_features, (first, critic.act2(critic.fc2(first))))
    torch.testing.assert_close(step.fake_features[0], critic.act1(critic.fc1(Y)))


def test_an_ability_that_the_critic_does_not_state_is_refused_with_a_way_out() -> None:
    step = probe(Counting(), X, Y)
    with pytest.raises(UsageError, match=r"^Counting has no 'embed' ability.*use space='input'\.$"):
        step.fake_at("embedding")
    with pytest.raises(UsageError, match=r"^Counting has no 'features' ability.*choose a model that has it\.$"):
        _ = step.real_features


def test_the_critic_sees_every_batch_augmented_with_draws_of_its_own() -> None:
    critic = Counting()

    def augment(x, stream):
        return x + torch.randint(1, 1000, (1,), generator=stream.generator())

    step = probe(critic, X, Y, augment=augment)
    _ = step.fake_logits, step.critic(X)
    moved = [(torch.tensor(seen) - x).unique().tolist() for seen, x in zip(critic.asked, (X, Y, X), strict=True)]
    assert all(len(by) == 1 for by in moved) and len({by[0] for by in moved}) == 3
    assert step.real_at("input") is step.real and torch.equal(leaves(step.real)[0], X)


def test_a_moment_gives_every_component_its_own_stream() -> None:
    m = Moment(3, Stream(0), Plain(), 0.1)
    keys = {m.of(name).rng.key for name in ("r1", "r2")} | {m.rng.key}
    assert len(keys) == 3 and m.of("r1") == m.of("r1") and m.of("r1").t == 3 and m.of("r1").lr == 0.1


def test_a_step_with_other_values_is_what_dataclasses_would_make() -> None:
    step = probe(Counting(), X, Y)
    ours, theirs = step.having(labels=None, real=Y), replace(step, labels=None, real=Y)
    assert type(ours) is Step and vars(ours).keys() == vars(theirs).keys()
    assert all(value is vars(theirs)[name] for name, value in vars(ours).items())
    assert ours.real is Y and step.real is not Y
