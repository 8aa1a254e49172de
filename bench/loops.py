"""A loop of one's own with r1: written by hand, and through `detente.attach`."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from bench.tables import Table, adam
from detente.domains.contracts import Networks
from detente.engine.sample import Sample, leaves
from detente.engine.streams import Stream
from detente.loops import attach
from detente.regularizers import R1

GAMMA = 10.0


def r1_by_hand(table: Table) -> Callable[[int], Networks]:
    """What somebody writes who wants r1: a gradient of the logits, squared, added to the loss."""
    return _loop(table, attached=False)


def r1_attached(table: Table) -> Callable[[int], Networks]:
    """The same with the lines of `detente.attach` in place of those."""
    return _loop(table, attached=True)


def _loop(table: Table, attached: bool) -> Callable[[int], Networks]:
    G, D = table.networks()
    G.train()
    D.train()
    g_params, d_params = list(G.parameters()), list(D.parameters())
    g_optimizer, d_optimizer = adam(g_params), adam(d_params)
    sampler = table.sampler()
    keys, noise = (Stream(0).at("rank", 0, purpose, "discriminator") for purpose in ("latents", "noise"))
    reg = attach(D, R1(GAMMA), optimizer=d_optimizer, space=table.data.space) if attached else None

    def step(k: int) -> Networks:
        real: Sample = table.data.batch(sampler.indices(k)).x
        z = table.model.latents(table.batch, torch.Generator().manual_seed(keys.at(k).key))
        if table.noisy:
            torch.default_generator.manual_seed(noise.at(k).key)
        fake = G(z)
        if reg is None:
            detached = fake.detach() if isinstance(fake, Tensor) else tuple(leaf.detach() for leaf in fake)
            for leaf in leaves(real):
                leaf.requires_grad_()
            d_real, d_fake = D(real), D(detached)
            grads = torch.autograd.grad(_scores(d_real).sum(), leaves(real), create_graph=True)
            penalty = GAMMA / 2 * torch.stack([g.flatten(1).square().sum(1) for g in grads]).sum(0).mean()
        else:
            with reg.turn(real, fake) as t:
                d_real, d_fake = D(t.real), D(t.fake)
                penalty = t.penalty(d_real, d_fake)
        d_loss = softplus(-d_real).mean() + softplus(d_fake).mean() + penalty
        d_optimizer.zero_grad(set_to_none=True)
        d_loss.backward(inputs=d_params)
        if reg is None:
            d_optimizer.step()
        else:
            reg.step()
        g_loss = softplus(-D(fake)).mean()
        g_optimizer.zero_grad(set_to_none=True)
        g_loss.backward(inputs=g_params)
        g_optimizer.step()
        return Networks(G, D)

    return step


def _scores(logits: Tensor) -> Tensor:
    """[B]: the mean over positions, if there are any."""
    return logits.flatten(1).mean(1) if logits.dim() > 1 else logits


def close(table: Table) -> bool:
    """Whether both loops end at the same weights after 20 steps, but for rounding."""
    ours, theirs = r1_attached(table), r1_by_hand(table)
    for k in range(19):
        ours(k)
        theirs(k)
    pairs = zip(ours(19), theirs(19), strict=True)
    return all(
        torch.allclose(p, q, rtol=1e-3, atol=1e-4)
        for a, b in pairs
        for p, q in zip(a.parameters(), b.parameters(), strict=True)
    )
