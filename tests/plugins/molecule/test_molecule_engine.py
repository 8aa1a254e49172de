"""The engine on molecules: a penalty over two leaves, and every regularizer by recipe."""

import pytest
import torch
from torch import Tensor, nn

from detente import Sample, Space, recipe, sumsq
from detente.plugins import host
from detente_molecule.data import QM9
from detente_molecule.domain import Molecule
from detente_molecule.networks import MolGAN
from molecules import recipe_of
from seeded import seeded


class LinearCritic(nn.Module):
    """Its gradient is the same everywhere, of norm 1 over bonds and atoms together."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        shapes = [leaf.shape for leaf in space.leaves]
        w = [torch.randn(shape, generator=seeded(i), dtype=torch.float64) for i, shape in enumerate(shapes)]
        norm = sum(part.square().sum() for part in w).sqrt()
        self.bonds, self.atoms = (nn.Parameter(part / norm) for part in w)

    def forward(self, x: Sample) -> Tensor:
        bonds, atoms = x
        return (bonds * self.bonds).flatten(1).sum(1) + (atoms * self.atoms).flatten(1).sum(1)


def penalty_of_a_linear_critic(of: QM9, **options: object) -> float:
    from detente import Game, Player, chain
    from detente.engine.objectives import NonSaturating
    from detente.plugins import host

    torch.manual_seed(0)
    model = MolGAN(width=4, latent_dim=4)
    generator, critic = model.build(of.space).generator.double(), LinearCritic(of.space)
    penalty = chain(host().load("regularizer", "gradient-penalty")(**options))

    def sgd(parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=1e-9)

    game = Game(
        Player("generator", generator, sgd),
        Player("discriminator", critic, sgd, penalty),
        NonSaturating(),
        Molecule(),
        model.latents,
        space=of.space,
    )
    batch = of.batch(torch.arange(8))
    game.step(batch._replace(x=tuple(leaf.double() for leaf in batch.x)))
    return game.terms()["D/gradient-penalty"].item()


def test_a_linear_critic_of_joint_norm_one_has_no_gradient_penalty(qm9: QM9):
    assert sumsq(tuple(p[None] for p in LinearCritic(qm9.space).parameters())).item() == pytest.approx(1)
    assert penalty_of_a_linear_critic(qm9) == pytest.approx(0, abs=1e-12)


def test_the_scope_of_positions_looks_at_each_atom_and_each_pair(qm9: QM9):
    critic = LinearCritic(qm9.space)
    norms = torch.cat([critic.bonds.norm(dim=-1).flatten(), critic.atoms.norm(dim=-1).flatten()])
    assert len(norms) == 81 + 9
    found = penalty_of_a_linear_critic(qm9, scope="position")
    assert found > 1
    assert found in (
        pytest.approx(10 * (norms - 1).square().mean().item()),
        pytest.approx(10 * (norms - 1).square().sum().item()),
    )


@pytest.mark.slow
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
