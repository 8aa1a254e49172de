"""Compilation, memory format and what suits a machine."""

import pytest
import torch
from torch import nn

from detente import checks, recipe
from detente.domains.contracts import Networks
from detente.engine.streams import Stream
from detente.errors import UsageError
from detente.training import build as building
from detente.training import hardware
from detente.training.build import build
from detente.training.sampler import BatchSampler


def trained(monkeypatch, domain, regs, which=None, steps=20, backend="aot_eager", **settings):
    """Weights of both networks and of the deployed generator after some steps, perhaps compiled."""
    torch._dynamo.reset()
    compile_networks = hardware.compile_networks
    monkeypatch.setattr(building, "compile_networks", lambda game, roles: compile_networks(game, roles, backend))
    sets = [f"{key}={value}" for key, value in settings.items()] + ([f"compile={which}"] if which else [])
    built = build(recipe.load(domain=domain, regs=regs, sets=sets))
    sampler = BatchSampler(len(built.data), built.recipe.batch, Stream(0).at("data"))
    for k in range(steps):
        built.game.step(built.prepare(built.data.batch(sampler.indices(k))))
    networks = (*built.networks, built.deployed(steps))
    assert [net._compiled_call_impl is not None for net in networks] == [
        which in (role, "both") for role in ("generator", "discriminator")
    ] + [False]
    return [p.detach().clone() for net in networks for p in net.parameters()]


def close(a, b, atol=1e-4):
    return all(torch.allclose(p, q, rtol=1e-4, atol=atol) for p, q in zip(a, b, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("regs", "which"),
    [
        (["lecam + clip-norm", "g:ema"], "both"),
        (["spectral-norm + dropout + drift"], "both"),
        (["batch-norm + minibatch-stddev"], "discriminator"),
        (["r1(gamma=1)"], "generator"),
        (["g:path-length"], "discriminator"),
        (["g:mode-seeking + weight-norm"], "both"),
    ],
)
def test_compiled_networks_end_at_the_weights_of_uncompiled_ones(monkeypatch, regs, which):
    plain = trained(monkeypatch, "ring", regs)
    assert close(plain, trained(monkeypatch, "ring", regs, which))


@pytest.mark.acceptance
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")  # of the compiler itself
def test_the_default_compiler_ends_at_the_weights_of_no_compiler(monkeypatch):
    if not hardware._compiler():
        pytest.skip("needs a C++ compiler")
    regs = ["lecam", "g:ema"]
    plain = trained(monkeypatch, "ring", regs)
    assert close(plain, trained(monkeypatch, "ring", regs, "both", backend="inductor"))


@pytest.mark.parametrize(
    ("regs", "which", "said"),
    [
        (["r1"], "both", r"discriminator.regularizers.r1: .*--set compile=generator"),
        (["gradient-penalty"], "discriminator", "discriminator.regularizers.gradient-penalty"),
        (["gradient-norm"], "both", "discriminator.regularizers.gradient-norm"),
        (["dragan(weight=1)"], "discriminator", "discriminator.regularizers.dragan"),
        (["g:path-length"], "generator", "generator.regularizers.path-length"),
        (["g:nagarajan-kolter"], "discriminator", "generator.regularizers.nagarajan-kolter"),
        (["both:consensus"], "generator", "regularizers.consensus"),
    ],
)
@pytest.mark.parametrize("dry", [False, True])
def test_second_derivatives_of_a_compiled_network_are_refused_by_name(regs, which, said, dry):
    with pytest.raises(UsageError, match=said):
        build(recipe.load(domain="ring", regs=regs, sets=[f"compile={which}"]), dry=dry)


def test_a_regularizer_that_is_switched_off_refuses_nothing():
    assert build(recipe.load(domain="ring", regs=["r1(gamma=0)"], sets=["compile=both"]), dry=True)


def test_several_processes_are_refused():
    game = build(recipe.load(domain="ring"), dry=True).game
    with pytest.raises(UsageError, match="several processes"):
        hardware.check_compiled(game, "both", torch.device("cpu"), processes=2)


def test_without_a_compiler_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(hardware.shutil, "which", lambda name: None)
    with pytest.raises(UsageError, match=r"g\+\+ or clang"):
        build(recipe.load(domain="ring", sets=["compile=both", "device=cpu"]), dry=True)


def test_channels_last_changes_the_memory_and_not_the_weights(monkeypatch):
    pytest.importorskip("detente_image")
    plain = trained(monkeypatch, "image", ["spectral-norm", "g:ema"], steps=3, **{"model.width": 8, "batch": 8})
    other = trained(
        monkeypatch,
        "image",
        ["spectral-norm", "g:ema"],
        steps=3,
        **{"model.width": 8, "batch": 8, "channels_last": "true"},
    )
    assert close(plain, other)
    wide = [p for p in other if p.dim() == 4 and p.shape[1] > 1 and p.shape[2] > 1]
    assert wide and all(p.is_contiguous(memory_format=torch.channels_last) for p in wide)


def test_channels_last_is_refused_where_it_would_do_nothing():
    with pytest.raises(UsageError, match=r"channels_last: .*no 2-D convolutions"):
        build(recipe.load(domain="ring", sets=["channels_last=true"]), dry=True)
    networks = Networks(nn.Conv1d(2, 2, 3), nn.Linear(2, 1))
    with pytest.raises(UsageError, match="no 2-D convolutions"):
        hardware.lay_out(networks)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("fpu avx2 avx512_bf16 amx_bf16", "AMX: for pictures try --precision bf16 --channels-last"),
        ("fpu avx512f avx512_bf16", "AVX-512: for pictures try --precision bf16"),
        ("fpu avx2 avx512f", "no bfloat16: stay with --precision fp32"),
        (None, "unknown here"),
    ],
)
def test_the_doctor_says_what_suits_the_processor(monkeypatch, tmp_path, flags, said):
    file = tmp_path / "cpuinfo"
    if flags is not None:
        file.write_text(f"flags\t\t: {flags}\n")
    monkeypatch.setattr(checks.processor, "FLAGS", file)
    assert said in hardware.processor()
