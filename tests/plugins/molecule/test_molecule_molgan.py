"""MolGAN: its draws, its noise, its critic, and a reward in its loss."""

import pytest
import torch
from torch import nn

from detente import Leaf, Sample, Space, Stream, UsageError, recipe, weights
from detente.engine.streams import enter
from detente.training.warmup import fresh
from detente_molecule.augmentations import relabelling
from detente_molecule.data import QM9
from detente_molecule.networks import MolGAN
from detente_molecule.networks import reward as reward_network
from detente_molecule.networks.molgan import Draw, GraphWriter, LikeliestType, graph_shape
from molecules import recipe_of
from seeded import seeded


def test_straight_through_hands_on_types_with_the_gradient_of_the_soft_draw():
    logits = torch.randn(50, 5, generator=seeded(), requires_grad=True)
    pull = torch.randn(50, 5, generator=seeded(1))
    grads, values = [], []
    for sampling in ("straight-through", "soft"):
        enter(Stream(3), torch.device("cpu"))
        values.append(Draw(0.7, sampling)(logits))
        grads.append(torch.autograd.grad((values[-1] * pull).sum(), logits)[0])
    hard, soft = values
    assert torch.allclose(hard, nn.functional.one_hot(soft.argmax(-1), 5).float(), atol=1e-6)
    assert torch.allclose(*grads, atol=1e-6)
    assert 0.01 < soft.max(-1).values.mean() < 0.99


def test_types_are_drawn_as_often_as_their_logits_say():
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(20_000, 3)
    torch.manual_seed(0)
    assert Draw(1.0, "straight-through")(logits).mean(0).tolist() == pytest.approx([0.5, 0.3, 0.2], abs=0.018)


def test_noise_is_the_streams_and_new_at_every_entry(few: QM9):
    model = MolGAN(width=16)
    net, z = fresh(model, few.space, 0).generator, model.latents(4, seeded())

    def drawn(stream: Stream) -> Sample:
        enter(stream, torch.device("cpu"))
        return net(z)

    a, b, c = drawn(Stream(1)), drawn(Stream(1)), drawn(Stream(2))
    assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])
    assert not torch.equal(a[0], c[0])


def test_the_critic_does_not_see_how_atoms_are_numbered(few: QM9):
    critic = fresh(MolGAN(), few.space, 0).discriminator.double()
    x = tuple(leaf.double() for leaf in few.batch(torch.arange(20)).x)
    assert torch.allclose(critic(x), critic(relabelling(x, seeded())), atol=1e-12)
    assert critic(x).std() > 1e-3


def test_a_reward_changes_neither_player_at_the_start_and_is_left_alone_by_regularizers(few: QM9):
    plain, directed = fresh(MolGAN(), few.space, 3), fresh(MolGAN(reward="qed"), few.space, 3)
    own = dict(directed.generator.named_parameters())
    for name, p in plain.generator.named_parameters():
        assert torch.equal(p, own.pop(name))
    assert own and all(name.startswith("reward.") and not p.requires_grad for name, p in own.items())
    assert not any(name.startswith("reward") for name, _ in weights(directed.generator))
    for p, q in zip(plain.discriminator.parameters(), directed.discriminator.parameters(), strict=True):
        assert torch.equal(p, q)


def test_a_reward_is_a_term_of_the_generators_loss_and_moves_it_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reward_network, "CLEAN", 50)
    monkeypatch.setattr(reward_network, "SPOILT", 50)
    monkeypatch.setattr(reward_network, "STEPS", 5)
    built = {name: recipe.build(recipe_of(**{"model.reward": name, "batch": 4})) for name in ("null", "logp")}
    terms = {}
    for name, one in built.items():
        batch = one.prepare(one.data.batch(torch.arange(4)))
        terms[name] = one.game.step(batch)
    assert "G/reward" not in terms["null"]
    assert -built["logp"].model.reward_weight < terms["logp"]["G/reward"] < 0
    assert terms["null"]["D/adversarial"] == terms["logp"]["D/adversarial"]
    a, b = (dict(one.networks.generator.named_parameters()) for one in built.values())
    assert any(not torch.equal(p, b[name]) for name, p in a.items())
    for p, q in zip(*(one.networks.discriminator.parameters() for one in built.values()), strict=True):
        assert torch.equal(p, q)


def test_the_likeliest_type_is_the_largest_logit_with_the_gradient_of_the_softmax():
    logits = torch.tensor([[0.2, 1.5, -1.0], [3.0, 0.0, 2.9]], requires_grad=True)
    chosen = LikeliestType()(logits)
    torch.testing.assert_close(chosen, torch.tensor([[0.0, 1, 0], [1, 0, 0]]), rtol=0, atol=1e-6)  # y − y rounds
    pull = torch.randn(2, 3, generator=seeded())
    (got,) = torch.autograd.grad((chosen * pull).sum(), logits)
    (wanted,) = torch.autograd.grad((logits.softmax(-1) * pull).sum(), logits)
    torch.testing.assert_close(got, wanted)


def test_a_pair_of_atoms_has_one_vector_of_logits_whichever_comes_first():
    writer = GraphWriter(3, 4, 5, lambda logits: logits)
    h = torch.randn(2, 3, generator=seeded())
    pairs, types = writer.logits(h)
    bonds, atoms = writer(h)
    assert torch.equal(atoms, types) and pairs.shape == (2, 6, 4)
    for k, (i, j) in enumerate([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]):
        assert torch.equal(bonds[:, i, j], pairs[:, k]) and torch.equal(bonds[:, j, i], pairs[:, k])
    assert torch.equal(bonds[:, range(4), range(4)], torch.tensor([1.0, 0, 0, 0]).expand(2, 4, 4)), "no bond to itself"


@pytest.mark.parametrize(
    "shapes",
    [
        ((9, 9, 4),),
        ((9, 9, 3), (9, 5)),
        ((9, 8, 4), (9, 5)),
        ((9, 9, 4), (8, 5)),
        ((1, 1, 4), (1, 5)),
        ((9, 9, 4), (9, 5), (9,)),
    ],
)
def test_a_space_of_other_leaves_is_no_graph_and_says_what_it_is(shapes: tuple[tuple[int, ...], ...]):
    space = Space(tuple(Leaf(shape, str(i)) for i, shape in enumerate(shapes)))
    with pytest.raises(UsageError) as refused:
        graph_shape(space, "molgan")
    assert all(str(shape) in str(refused.value) for shape in shapes)
    assert graph_shape(Space((Leaf((7, 7, 4), "bonds"), Leaf((7, 3), "atoms"))), "molgan") == (7, 3)


@pytest.mark.parametrize("messages", [(0, 4), (4, -1)])
def test_messages_are_two_widths_of_one_and_more(messages: tuple[int, int]):
    with pytest.raises(UsageError, match="messages"):
        MolGAN(messages=messages)
