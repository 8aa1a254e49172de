"""Models of molecules: what they make and judge, what is frozen in them, and every regularizer by way of a recipe."""

import copy

import pytest
import torch
from torch import Tensor, nn

from detente import Model, Networks, Sample, Space, Stream, UsageError, input_gradient, recipe, sumsq, weights
from detente.engine.layers import layers
from detente.engine.streams import enter
from detente.plugins import host
from detente.training.warmup import fresh
from detente_molecule.augmentations import relabelling
from detente_molecule.chemistry import likeliest
from detente_molecule.data import QM9
from detente_molecule.networks import Latent, MolGAN, latent
from detente_molecule.networks import reward as reward_network
from detente_molecule.networks.molgan import Draw
from detente_molecule.networks.reward import Reward, spoilt, train_reward
from detente_molecule.rewards import PROPERTIES, Properties, measured, properties


@pytest.fixture(scope="module", autouse=True)
def one_thread_and_a_cache_of_our_own(tmp_path_factory: pytest.TempPathFactory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def qm9() -> QM9:
    return QM9(size=300)


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def nothing(done: int, of: int) -> None:
    pass


MODELS = [
    MolGAN(width=16),
    MolGAN(width=16, sampling="soft"),
    MolGAN(width=16, reward="qed"),
    Latent(width=16, code=8, warm_up_steps=1),
]
IDS = ["molgan", "soft", "reward", "latent"]


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_networks_make_symmetric_graphs_of_the_space_and_judge_them(model: Model, qm9: QM9):
    made = fresh(model, qm9.space, 0)
    bonds, atoms = made.generator(model.latents(5, draws()))
    assert bonds.shape == (5, 9, 9, 4)
    assert atoms.shape == (5, 9, 5)
    assert torch.equal(bonds, bonds.transpose(1, 2)), "to the bit"
    assert torch.allclose(bonds.sum(-1), torch.ones(())) and torch.allclose(atoms.sum(-1), torch.ones(()))
    assert (bonds.diagonal(dim1=1, dim2=2)[:, 0] == 1).all(), "no atom is bound to itself"
    assert made.discriminator((bonds, atoms)).shape == (5,)


def test_straight_through_hands_on_types_with_the_gradient_of_the_soft_draw():
    logits = torch.randn(50, 5, generator=draws(), requires_grad=True)
    pull = torch.randn(50, 5, generator=draws(1))
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


def test_noise_is_the_streams_and_new_at_every_entry(qm9: QM9):
    model = MolGAN(width=16)
    net, z = fresh(model, qm9.space, 0).generator, model.latents(4, draws())

    def drawn(stream: Stream) -> Sample:
        enter(stream, torch.device("cpu"))
        return net(z)

    a, b, c = drawn(Stream(1)), drawn(Stream(1)), drawn(Stream(2))
    assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])
    assert not torch.equal(a[0], c[0])


def test_the_critic_does_not_see_how_atoms_are_numbered(qm9: QM9):
    critic = fresh(MolGAN(), qm9.space, 0).discriminator.double()
    x = tuple(leaf.double() for leaf in qm9.batch(torch.arange(20)).x)
    assert torch.allclose(critic(x), critic(relabelling(x, draws())), atol=1e-12)
    assert critic(x).std() > 1e-3


def test_all_kinds_of_bonds_of_a_graph_layer_are_one_product(qm9: QM9, monkeypatch: pytest.MonkeyPatch):
    critic = fresh(MolGAN(), qm9.space, 0).discriminator
    shapes: list[tuple[int, ...]] = []
    bmm = torch.bmm

    def counted(a: Tensor, b: Tensor) -> Tensor:
        shapes.append((*a.shape, *b.shape[2:]))
        return bmm(a, b)

    monkeypatch.setattr(torch, "bmm", counted)
    critic(qm9.batch(torch.arange(7)).x)
    assert shapes == [(7, 27, 9, 5), (7, 27, 9, 69)]


def test_a_message_goes_along_each_kind_of_bond_with_its_own_weights(qm9: QM9):
    """By the sum over neighbours, written out."""
    embed = fresh(MolGAN(messages=(6, 4), readout=3), qm9.space, 0).discriminator.embed
    bonds, atoms = (leaf[0] for leaf in qm9.batch(torch.arange(1)).x)
    h = atoms
    for own, along in zip(embed.own, embed.along, strict=True):
        kinds = along.weight.unflatten(1, (3, -1))  # [out, K, in]
        new = own(h) + along.bias
        for i in range(9):
            for j in range(9):
                for k in range(3):
                    new = new.index_add(0, torch.tensor([i]), (bonds[i, j, k + 1] * (kinds[:, k] @ h[j]))[None])
        h = torch.cat([new.tanh(), atoms], dim=-1)
    expected = (embed.gate(h).sigmoid() * embed.gather(h).tanh()).sum(0).tanh()
    assert torch.allclose(embed((bonds[None], atoms[None]))[0], expected, atol=1e-5)


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_networks_neither_normalize_nor_drop_and_keep_all_weights_in_registered_layers(model: Model, qm9: QM9):
    for net in fresh(model, qm9.space, 0):
        kinds = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.modules.dropout._DropoutNd)
        assert not any(isinstance(module, kinds) for module in net.modules())
        found = {id(layer.weight) for layer in layers(net)}
        assert all(id(p) in found for p in net.parameters() if p.dim() > 1 and p.requires_grad)
        names = {layer.name for layer in layers(net)}
        assert set(net.output_layers) <= names
    critic = fresh(model, qm9.space, 0).discriminator
    assert critic.abilities == {"embed", "features"}
    for name in (*critic.feature_layers, "embed"):
        critic.get_submodule(name)


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_a_gradient_penalty_reaches_every_weight_of_the_discriminator(model: Model, qm9: QM9):
    net = fresh(model, qm9.space, 0).discriminator
    x = tuple(leaf.requires_grad_() for leaf in qm9.batch(torch.arange(3)).x)
    sumsq(input_gradient(net(x), x)).mean().backward()
    for name, p in net.named_parameters():
        if p.requires_grad and p.dim() > 1:
            assert p.grad is not None and p.grad.abs().sum() > 0, name


@pytest.mark.parametrize("name", ["molgan", "latent"])
def test_what_is_no_graph_is_refused(name: str):
    model = host().load("model", name, "molecule")()
    with pytest.raises(UsageError, match="is for graphs"):
        model.build(Space(QM9(size=300).space.leaves[:1]))


# --- the latent model -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def warmed(qm9: QM9) -> Networks:
    model = Latent(warm_up_steps=500)
    networks = fresh(model, qm9.space, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latent, "BATCH", 32)
        model.warm_up(networks, qm9, Stream(0), nothing)
    return networks


def test_the_autoencoder_learns_to_tell_graphs_apart_and_to_write_valid_ones(qm9: QM9, warmed: Networks):
    x = qm9.batch(torch.arange(300)).x
    decoder, encoder = warmed.generator.decoder, warmed.discriminator.embed
    with torch.no_grad():
        codes = encoder(x)
        own, other = decoder.loss(codes, *x), decoder.loss(codes.roll(1, 0), *x)
        written = likeliest(decoder(codes)).molecules()
    assert own < 0.8 * other
    assert sum(mol is not None for mol in written) > 100


def test_encoder_and_decoder_stay_what_they_are_in_the_game(qm9: QM9, warmed: Networks):
    assert not any(p.requires_grad for p in warmed.generator.decoder.parameters())
    assert not any(p.requires_grad for p in warmed.discriminator.embed.parameters())
    assert {layer.name for layer in layers(warmed.generator)} == {"layers.0", "layers.1", "layers.2"}
    assert {name for name, _ in weights(warmed.discriminator)} == {"layers.0.weight", "layers.1.weight", "head.weight"}


def test_a_gradient_goes_from_the_critic_through_encoder_and_decoder_to_codes(qm9: QM9, warmed: Networks):
    generator, critic = copy.deepcopy(warmed)
    critic(generator(torch.randn(8, 32, generator=draws()))).sum().backward()
    assert all(layer.weight.grad.abs().sum() > 0 for layer in layers(generator))


# --- rewards ----------------------------------------------------------------------------------------------------------


def test_rewards_stand_between_0_and_1_and_an_invalid_graph_has_none(qm9: QM9):
    assert PROPERTIES["qed"](Properties(0.4, 1.0, 3.0)) == 0.4
    assert PROPERTIES["logp"](Properties(0.4, 1.0, 3.0)) == pytest.approx(0.5)
    assert PROPERTIES["logp"](Properties(0.4, -5.0, 3.0)) == 0
    assert PROPERTIES["sa"](Properties(0.4, 1.0, 1.0)) == 1
    bonds, atoms = (leaf.clone() for leaf in qm9.batch(torch.arange(3)).x)
    atoms[1] = torch.eye(5)[0]
    found = measured(likeliest((bonds, atoms)), PROPERTIES["qed"])
    assert found[1].isnan()
    assert found[0] == pytest.approx(properties(qm9.smiles("train")[0]).qed)


def test_spoilt_graphs_are_near_real_ones_and_mostly_something_else(qm9: QM9):
    x = qm9.batch(torch.arange(200)).x
    bonds, atoms = spoilt(x, torch.arange(200), draws())
    assert torch.equal(bonds, bonds.transpose(1, 2))
    assert (bonds.sum(-1) == 1).all() and (atoms.sum(-1) == 1).all()
    changed = (bonds != x[0]).any(-1).sum((1, 2)) / 2 + (atoms != x[1]).any(-1).sum(1)
    assert 1 <= changed.median() <= 8
    valid = sum(mol is not None for mol in likeliest((bonds, atoms)).molecules())
    assert 20 < valid < 180


def test_a_reward_learns_what_rdkit_says(qm9: QM9, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reward_network, "CLEAN", 300)
    monkeypatch.setattr(reward_network, "SPOILT", 700)
    monkeypatch.setattr(reward_network, "STEPS", 150)
    torch.manual_seed(0)
    reward = Reward(5).requires_grad_(False)
    train_reward(reward, PROPERTIES["sa"], qm9, Stream(0), nothing)
    assert not any(p.requires_grad for p in reward.parameters())
    new = spoilt(tuple(leaf[:300] for leaf in qm9.held_out()), torch.arange(300), draws(9))
    with torch.no_grad():
        told, true = reward(new), measured(likeliest(new), PROPERTIES["sa"])
    valid = ~true.isnan()
    assert torch.corrcoef(torch.stack([told, true])[:, valid])[0, 1] > 0.6
    assert told[~valid].mean() < told[valid].mean()  # worth as little as the worst


def test_a_reward_changes_neither_player_at_the_start_and_is_left_alone_by_regularizers(qm9: QM9):
    plain, directed = fresh(MolGAN(), qm9.space, 3), fresh(MolGAN(reward="qed"), qm9.space, 3)
    own = dict(directed.generator.named_parameters())
    for name, p in plain.generator.named_parameters():
        assert torch.equal(p, own.pop(name))
    assert own and all(name.startswith("reward.") and not p.requires_grad for name, p in own.items())
    assert not any(name.startswith("reward") for name, _ in weights(directed.generator))
    for p, q in zip(plain.discriminator.parameters(), directed.discriminator.parameters(), strict=True):
        assert torch.equal(p, q)


def recipe_of(*regs: str, **settings: object) -> recipe.Recipe:
    sets = {"data.size": 300, "model.width": 8, "model.messages": "[6, 4]", "model.readout": 6, **settings}
    return recipe.load(domain="molecule", regs=list(regs), sets=[f"{k}={v}" for k, v in sets.items()])


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


# --- every regularizer, by way of a recipe ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [e.name for e in host().entries("regularizer")])
def test_every_regularizer_trains_on_graphs_for_three_steps(name: str):
    one = recipe.build(recipe_of(name, batch=8))
    for k in range(3):
        terms = one.game.step(one.prepare(one.data.batch(torch.arange(8) + 8 * k)))
        assert all(value.isfinite() for value in terms.values())
    for player in one.networks:
        assert all(p.isfinite().all() for p in player.parameters())


def test_neither_model_warns_of_trained_weights_that_only_frozen_parts_have():
    one = recipe.build(recipe_of("spectral-norm"), dry=True)
    assert "spectral-norm-after-warm-up" not in {finding.code for finding in one.findings}
