"""What people wrap around attached networks: compilers, several processes, other optimizers."""

import tempfile
from pathlib import Path

import pytest
import torch
import torch._dynamo.testing  # nothing else imports it
import torch.multiprocessing as mp
from torch import nn
from torch.nn.functional import softplus

from detente.engine.objectives import NonSaturating
from detente.errors import UsageError
from detente.loops import attach
from loop_games import F64, ImageCritic, ImageGenerator, adam, critic

REAL, FAKE = (torch.randn(16, 2, dtype=F64, generator=torch.Generator().manual_seed(i)) for i in (0, 1))


def trained(chain, wrap=lambda net: net, steps=6, wrap_generator=lambda net: net):
    """A critic with a chain against a generator with an average, each perhaps wrapped; their weights."""
    torch.manual_seed(2)
    G, D = ImageGenerator(), ImageCritic()
    opt_g, opt_d = adam(G.parameters()), adam(D.parameters())
    reg_d = attach(D, chain, optimizer=opt_d, role="discriminator", objective=NonSaturating())
    reg_g = attach(G, "mode-seeking + ema", optimizer=opt_g, opponent=reg_d)
    run_g, run_d = wrap_generator(G), wrap(D)
    draws = torch.Generator().manual_seed(3)
    for _ in range(steps):
        real, z = torch.randn(6, 1, 4, 4, generator=draws), torch.randn(6, 3, generator=draws)
        fake = run_g(z)
        with reg_d.turn(real, fake) as t:
            d_real, d_fake = run_d(t.real), run_d(t.fake)
            loss = softplus(-d_real).mean() + softplus(d_fake).mean() + t.penalty(d_real, d_fake)
        opt_d.zero_grad()
        loss.backward()
        reg_d.step()
        with reg_g.turn(fake=fake, z=z) as t:
            d_fake = run_d(t.fake)
            loss = softplus(-d_fake).mean() + t.penalty(fake=d_fake)
        opt_g.zero_grad()
        loss.backward()
        reg_g.step()
    return [p.detach() for net in (G, D, reg_g.deployed()) for p in net.parameters()]


def compiled(net):
    torch._dynamo.reset()
    return torch.compile(net, backend="aot_eager")


def compiled_in_place(net):
    torch._dynamo.reset()
    net.compile(backend="aot_eager")
    return net


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [compiled, compiled_in_place])
@pytest.mark.parametrize("chain", ["lecam + drift + clip-norm", "spectral-norm + ema", "layer-norm"])
def test_compiled_networks_give_the_weights_of_uncompiled_ones(chain, wrap):
    plain, fast = trained(chain), trained(chain, wrap, wrap_generator=wrap)
    for a, b in zip(plain, fast, strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)  # the compiler may put operations together


def test_a_compiled_network_is_compiled_once_and_not_at_every_step():
    torch._dynamo.reset()
    counter = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")

    def wrap(net):
        return torch.compile(net, backend=counter)

    trained("lecam", wrap, steps=8, wrap_generator=wrap)
    assert counter.frame_count <= 4  # of two networks: with a graph to the input and without


OF_THE_LOGITS = ["r1", "r2", "roth", "gradient-norm"]
OF_THEIR_OWN = ["gradient-penalty", "dragan", "max-gp", "zero-centred-gp"]


@pytest.mark.parametrize(
    ("name", "wrap"),
    [(name, wrap) for name in OF_THE_LOGITS for wrap in (compiled, compiled_in_place)]
    + [(name, compiled_in_place) for name in OF_THEIR_OWN],
)
def test_a_compiled_critic_with_a_second_derivative_is_refused_by_name(name, wrap):
    with pytest.raises(UsageError, match=rf"discriminator.regularizers.{name}: .*uncompiled.*approx-r1"):
        trained(name, wrap, steps=1)


@pytest.mark.parametrize("name", OF_THEIR_OWN)
def test_forwards_of_a_penalty_itself_are_of_the_bare_network_and_may_be_differentiated_twice(name):
    for a, b in zip(trained(name), trained(name, compiled), strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_penalty_of_the_critic_does_not_forbid_to_compile_the_generator():
    for a, b in zip(trained("r1"), trained("r1", wrap_generator=compiled), strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_generator_that_is_compiled_in_place_with_path_length_is_refused_by_name():
    G = ImageGenerator()
    reg = attach(G, "path-length", optimizer=adam(G.parameters()))
    run, z = compiled_in_place(G), torch.randn(4, 3)
    with (
        pytest.raises(UsageError, match=r"generator.regularizers.path-length: .*uncompiled"),
        reg.turn(fake=run(z), z=z) as t,
    ):
        t.penalty()


class Plain(torch.optim.Optimizer):
    """Somebody's own: one parameter after another."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.sub_(p.grad, alpha=group["lr"])


def stepped(make, steps=8):
    net = critic()
    optimizer = make(net.parameters())
    reg = attach(
        net,
        "spectral-norm + r1(every=2) + lecam + clip-norm + weight-clip + ema",
        optimizer=optimizer,
        role="discriminator",
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        with reg.turn(REAL, FAKE) as t:
            d_real, d_fake = net(t.real), net(t.fake)
            (softplus(-d_real).mean() + softplus(d_fake).mean() + t.penalty(d_real, d_fake)).backward()
        reg.step()
        schedule.step()
    return [*net.parameters(), *reg.deployed().parameters()]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda p: torch.optim.SGD(p, lr=0.1), lambda p: Plain(p, lr=0.1)),
        (lambda p: torch.optim.SGD(p, lr=0.1, foreach=True), lambda p: torch.optim.SGD(p, lr=0.1, foreach=False)),
        (lambda p: torch.optim.Adam(p, lr=0.1, foreach=True), lambda p: torch.optim.Adam(p, lr=0.1, foreach=False)),
        (lambda p: torch.optim.Adam(p, lr=0.1, fused=True), lambda p: torch.optim.Adam(p, lr=0.1, foreach=False)),
    ],
    ids=["own", "sgd", "adam", "fused"],
)
def test_optimizers_with_and_without_foreach_give_the_same_weights_under_a_schedule(one, other):
    for a, b in zip(stepped(one), stepped(other), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)


def test_an_optimizer_with_several_groups_keeps_the_rate_of_each():
    net = critic()
    optimizer = torch.optim.SGD(
        [{"params": net[0].parameters(), "lr": 0.1}, {"params": net[2].parameters(), "lr": 0.0}]
    )
    reg = attach(net, "weight-norm", optimizer=optimizer, role="discriminator")
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    net(REAL).sum().backward()
    reg.step()
    moved = {name for name, p in net.named_parameters() if not torch.equal(p, before[name])}
    assert {"0.weight", "0.bias"} <= moved and not {"2.weight", "2.bias"} & moved


MEANS = "spectral-norm + r1(gamma=1, every=2) + r2(gamma=1) + drift + clip-norm(max_norm=0.3) + ema"
DRAWN = f"gradient-penalty(weight=0.1) + {MEANS}"


def one_update(net, run, optimizer, reg, rows):
    """Of the critic: on these rows of the batch."""
    optimizer.zero_grad()
    with reg.turn(REAL[rows], FAKE[rows]) as t:
        d_real, d_fake = run(t.real), run(t.fake)
        (softplus(-d_real).mean() + softplus(d_fake).mean() + t.penalty(d_real, d_fake)).backward()


def player(chain, seed=0):
    net = critic()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    return net, optimizer, attach(net, chain, optimizer=optimizer, role="discriminator", seed=seed)


def process(rank, folder, chain):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    try:
        net, optimizer, reg = player(chain, seed=rank)
        run = nn.parallel.DistributedDataParallel(net, broadcast_buffers=False)
        for _ in range(5):
            one_update(net, run, optimizer, reg, slice(8 * rank, 8 * rank + 8))
            reg.step()
        torch.save([p.detach() for n in (net, reg.deployed()) for p in n.parameters()], f"{folder}/{rank}.pt")
    finally:
        torch.distributed.destroy_process_group()


def by_mean_of_gradients(chain):
    """What two processes should do: each its half of the batch, and both the mean of their gradients."""
    players = [player(chain, seed=rank) for rank in (0, 1)]
    for _ in range(5):
        for rank, (net, optimizer, reg) in enumerate(players):
            one_update(net, net, optimizer, reg, slice(8 * rank, 8 * rank + 8))
        for one, other in zip(*(net.parameters() for net, *_ in players), strict=True):
            one.grad = (one.grad + other.grad) / 2
            other.grad = one.grad.clone()
        for _, _, reg in players:
            reg.step()
    return [[p.detach() for n in (net, reg.deployed()) for p in n.parameters()] for net, _, reg in players]


def by_the_joint_batch(chain):
    net, optimizer, reg = player(chain)
    for _ in range(5):
        one_update(net, net, optimizer, reg, slice(16))
        reg.step()
    return [p.detach() for n in (net, reg.deployed()) for p in n.parameters()]


@pytest.mark.slow
@pytest.mark.parametrize("joint", [True, False])
def test_two_processes_of_the_users_give_the_weights_of_one(joint):
    """Means over samples equal the joint batch; with draws of its own each process still gets the mean gradient."""
    chain = MEANS if joint else DRAWN
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(process, args=(folder, chain), nprocs=2)
        ranks = [torch.load(Path(folder) / f"{rank}.pt") for rank in (0, 1)]
    expected = [by_the_joint_batch(chain)] * 2 if joint else by_mean_of_gradients(chain)
    for rank, there in zip(ranks, expected, strict=True):
        for a, b in zip(rank, there, strict=True):
            assert torch.allclose(a, b, rtol=1e-12, atol=1e-13)
