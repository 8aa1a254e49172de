"""The laws of a model: its two networks, its latents, and what it declares about them."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from detente.domains.contracts import Networks
from detente.engine.forward import call
from detente.engine.sample import Sample, as_input, batch_size, leaves, rows, to
from detente.engine.streams import Stream
from detente.testing.laws import Broken
from detente.testing.laws.process import settings_of_process
from detente.testing.suites.data import fits
from detente.testing.suites.draws import drawing_nothing, seeded
from detente.testing.suites.kind import Kind
from detente.testing.suites.stated import declared_layers_are_there, inner_latents_stand_for_the_latents

_FEW = 6
_OWN = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)


def networks_fit_the_data(k: Kind) -> None:
    """The generator makes samples of the space, and the discriminator gives each a logit."""
    fits(k, "what the generator makes", k.untrained, k.count)
    labels = k.batch.labels if k.model.conditional else None
    with torch.no_grad():
        logits = leaves(call(k.networks.discriminator, k.batch.x, labels, Stream(9)))
    for part in logits:
        if part.shape[:1] != (batch_size(k.batch.x),) or part.shape[1:] == (1,):
            raise Broken(
                f"the discriminator returns {list(part.shape)} for {batch_size(k.batch.x)} samples; return [B]"
            )
        if not part.isfinite().all():
            raise Broken("the discriminator returns NaN or infinity for real samples; check its scale at the start")


def networks_bring_no_regularizer_of_their_own(k: Kind) -> None:
    """No batch normalization and no dropout: those are regularizers here, which can be switched off and compared."""
    for side, net in k.networks._asdict().items():
        for name, module in net.named_modules():
            frozen = any(True for _ in module.parameters()) and not any(p.requires_grad for p in module.parameters())
            if isinstance(module, _OWN) and not frozen:
                raise Broken(
                    f"{side}.{name} is {type(module).__name__}; leave it out and use --reg with batch-norm or dropout"
                )


def networks_depend_on_the_seed_alone(k: Kind) -> None:
    """The same seed of torch's generator builds the same networks; another seed builds others."""
    states: list[dict[str, Tensor]] = []
    for seed, others in ((7, 1), (7, 2), (8, 1)):
        seeded(others)
        torch.manual_seed(seed)
        states.append(_state(k.model.build(k.data.space)))
    first, again, other = states
    if differ := _different(first, again):
        raise Broken(f"with the same seed {differ} is another; initialize with torch's own generator alone")
    if not _different(first, other):
        raise Broken("another seed builds the same networks; draw the weights, do not seed in build()")


def building_leaves_the_process_alone(k: Kind) -> None:
    """Default dtype, grad mode, threads and the like are what they were."""
    before = settings_of_process()
    k.model.build(k.data.space)
    for name, value in settings_of_process().items():
        if value != before[name]:
            raise Broken(f"build() changes {name} to {value}; leave it")


def networks_share_nothing(k: Kind) -> None:
    """No parameter and no buffer belongs to both players, and building twice gives two pairs."""
    pair, other = k.model.build(k.data.space), k.model.build(k.data.space)
    for what, (a, b) in {
        "generator and discriminator share": pair,
        "two builds share the generator's": (pair.generator, other.generator),
        "two builds share the discriminator's": (pair.discriminator, other.discriminator),
    }.items():
        there = {id(t): name for name, t in (*a.named_parameters(), *a.named_buffers())}
        for name, t in (*b.named_parameters(), *b.named_buffers()):
            if id(t) in there:
                raise Broken(f"{what} {name!r}: one player's update would change the other; make a copy")


def latents_come_from_the_given_generator(k: Kind) -> None:
    """`latents` returns n rows that depend on the generator that it gets, and on nothing else."""
    made: list[Sample] = []
    for others, seed in ((1, 5), (2, 5), (1, 6)):
        seeded(others)
        with drawing_nothing("latents()", "draw with generator=generator"):
            made.append(k.model.latents(_FEW, torch.Generator().manual_seed(seed)))
    if batch_size(made[0]) != _FEW:
        raise Broken(f"latents(n) returns {batch_size(made[0])} rows for n = {_FEW}; return n of them")
    if not _equal(made[0], made[1]):
        raise Broken("latents() is another for the same generator; draw from the one that it is given")
    if _equal(made[0], made[2]):
        raise Broken("latents() is the same for every generator; draw with generator=generator")


def networks_draw_from_the_announced_stream(k: Kind) -> None:
    """A network that uses noise has the same noise in the same pass, whatever was drawn before."""
    nets = k.model.build(k.data.space)
    for side, net, x in _sides(k, nets):
        found = []
        for others in (1, 2):
            seeded(others)
            found.append(_out(k, net, x, Stream(9)))
        if not _equal(*found):
            raise Broken(
                f"the {side} gives another output for the same input and stream; draw with torch's generator alone, "
                "or with current_pass().generator(purpose, device)"
            )


def calls_write_no_state(k: Kind) -> None:
    """Calling a network changes no parameter and no buffer of it, also in training mode."""
    nets = k.model.build(k.data.space)
    for side, net, x in _sides(k, nets):
        before = copy.deepcopy(net.state_dict())
        for mode in (True, False):
            net.train(mode)
            _out(k, net, x, Stream(9))
        if differ := _different(before, net.state_dict()):
            raise Broken(
                f"a call of the {side} changes {differ}; an evaluation would change it, so keep no state there"
            )


def each_sample_by_itself(k: Kind) -> None:
    """In evaluation mode, what a network makes of a sample does not depend on the others of its batch."""
    nets = k.model.build(k.data.space)
    for side, net, x in _sides(k, nets):
        if side == "discriminator" and k.model.mixes_samples:
            continue
        net.eval()
        labels = _labels(k)
        # Batches of one size, so that a network that draws noise draws the same; the others are other samples.
        n = batch_size(x)
        index = torch.cat([torch.arange(min(2, n)), torch.arange(max(0, n - 2)) % 2])
        all_, other = (
            call(net, rows(x, part), None if labels is None else labels[part], Stream(9))
            for part in (torch.arange(n), index)
        )
        for a, b in zip(leaves(all_), leaves(other), strict=True):
            if not torch.allclose(a[:2], b[:2], rtol=1e-3, atol=1e-4):
                raise Broken(
                    f"what the {side} makes of a sample depends on the others of its batch; leave that to a "
                    "regularizer (minibatch-stddev, batch-norm), or state mixes_samples = True on the model"
                )


def gradients_reach_everything_that_is_trained(k: Kind) -> None:
    """A critic's slope reaches the sample, a generator's loss its weights; no trainable parameter is left out."""
    nets = k.model.build(k.data.space)
    labels = _labels(k)
    real = as_input(rows(k.batch.x, slice(0, _FEW)))
    total = _total(call(nets.discriminator, real, labels, Stream(9)))
    _reached("discriminator", nets.discriminator, total)
    if all(g is None for g in torch.autograd.grad(total, leaves(real), allow_unused=True, retain_graph=True)):
        raise Broken("no gradient of the discriminator reaches the sample; do not detach or round in forward()")
    fake = call(nets.generator, _latents(k), labels, Stream(8))
    if not any(leaf.requires_grad for leaf in leaves(fake)):
        raise Broken("no gradient reaches the generator; its forward() detaches, rounds or runs without grad")
    _reached("generator", nets.generator, _total(call(nets.discriminator, fake, labels, Stream(9))))


def the_generator_uses_its_latents(k: Kind) -> None:
    """Other latents make other samples, and labels matter where there are any."""
    nets = k.model.build(k.data.space)
    g, labels = nets.generator.eval(), _labels(k)
    one = _out(k, g, _latents(k), Stream(9))
    if _equal(one, _out(k, g, _latents(k, seed=6), Stream(9))) and not _slopes_to_latents(k, g):
        raise Broken("the generator makes the same samples of other latents; use z")
    if labels is not None and len(labels) > 1:
        turned = labels.roll(1, 0)
        if not torch.equal(labels, turned):
            with torch.no_grad():
                if _equal(one, call(g, _latents(k), turned, Stream(9))):
                    raise Broken(
                        "the generator makes the same samples of other labels; conditional = False, or use them"
                    )


def _slopes_to_latents(k: Kind, g: nn.Module) -> bool:
    """Whether samples move with z, though they are the same words: the most likely of each place."""
    z = as_input(_latents(k))
    made = call(g, z, _labels(k), Stream(9))
    draws = torch.Generator().manual_seed(0)
    total = torch.stack([(leaf * torch.rand(leaf.shape, generator=draws)).sum() for leaf in leaves(made)]).sum()
    if not total.requires_grad:
        return False
    found = torch.autograd.grad(total, leaves(z), allow_unused=True)
    return any(slope is not None and bool(slope.abs().sum() > 0) for slope in found)


def a_saved_network_is_the_whole_network(k: Kind) -> None:
    """Weights loaded into fresh networks make them the saved ones: nothing else of them varies."""
    torch.manual_seed(7)
    saved = k.model.build(k.data.space)
    torch.manual_seed(8)
    seeded(8)
    loaded = k.model.build(k.data.space)
    for (side, a, x), (_, b, _) in zip(_sides(k, saved), _sides(k, loaded), strict=True):
        try:
            b.load_state_dict(a.state_dict())
        except RuntimeError as error:
            raise Broken(
                f"the {side}'s weights do not fit another {side} of the model: {error}; build it by the options alone"
            ) from error
        if not _equal(*(_out(k, net.eval(), x, Stream(9)) for net in (a, b))):
            raise Broken(f"the {side} is another after its weights are loaded; keep what it draws in a buffer")


def _sides(k: Kind, nets: Networks) -> list[tuple[str, nn.Module, Sample]]:
    real = rows(k.batch.x, slice(0, _FEW))
    return [("generator", nets.generator, _latents(k)), ("discriminator", nets.discriminator, real)]


def _latents(k: Kind, seed: int = 5) -> Sample:
    dtype = leaves(k.batch.x)[0].dtype
    return to(k.model.latents(min(_FEW, batch_size(k.batch.x)), torch.Generator().manual_seed(seed)), dtype=dtype)


def _labels(k: Kind) -> Tensor | None:
    return k.batch.labels[:_FEW] if k.model.conditional and k.batch.labels is not None else None


def _out(k: Kind, net: nn.Module, x: Sample, stream: Stream) -> Sample:
    with torch.no_grad():
        return call(net, x, _labels(k), stream)


def _total(x: Sample) -> Tensor:
    return torch.stack([leaf.sum() for leaf in leaves(x)]).sum()


def _equal(a: Sample, b: Sample) -> bool:
    return all(map(torch.equal, leaves(a), leaves(b)))


def _state(nets: Networks) -> dict[str, Tensor]:
    return {f"{side}.{name}": t for side, net in nets._asdict().items() for name, t in net.state_dict().items()}


def _different(a: dict[str, Any], b: dict[str, Any]) -> str | None:
    """The name of a tensor that differs."""
    if a.keys() != b.keys():
        return ", ".join(sorted(a.keys() ^ b.keys()))
    return next((name for name in a if isinstance(a[name], Tensor) and not torch.equal(a[name], b[name])), None)


def _reached(side: str, net: nn.Module, total: Tensor) -> None:
    trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
    if not trained:
        raise Broken(f"the {side} has no parameter to train; freeze less of it")
    found = torch.autograd.grad(total, list(trained.values()), allow_unused=True, retain_graph=True)
    idle = [name for name, g in zip(trained, found, strict=True) if g is None]
    if idle:
        more = f" and {len(idle) - 1} more" if len(idle) > 1 else ""
        raise Broken(
            f"no gradient reaches {idle[0]!r}{more} of the {side}; use it in forward(), or set requires_grad to False"
        )


LAWS: tuple[Callable[[Kind], None], ...] = (
    networks_fit_the_data,
    networks_bring_no_regularizer_of_their_own,
    networks_depend_on_the_seed_alone,
    building_leaves_the_process_alone,
    networks_share_nothing,
    latents_come_from_the_given_generator,
    networks_draw_from_the_announced_stream,
    calls_write_no_state,
    each_sample_by_itself,
    gradients_reach_everything_that_is_trained,
    the_generator_uses_its_latents,
    a_saved_network_is_the_whole_network,
    declared_layers_are_there,
    inner_latents_stand_for_the_latents,
)
MUST = tuple(law.__name__ for law in LAWS)
