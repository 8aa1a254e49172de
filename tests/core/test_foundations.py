"""Samples, streams, layers, sampler and checkpoints."""

import pickle
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from detente.engine.gradients import input_gradient, position_sumsq, safe_sqrt, score
from detente.engine.layers import layers, register_layer, weights
from detente.engine.sample import cat, inner, leaves, lerp, rows, sumsq
from detente.engine.streams import Stream, splitmix64
from detente.errors import UsageError
from detente.training import checkpoint
from detente.training.sampler import BatchSampler

F64 = torch.float64


def test_sumsq_is_joint_over_all_leaves_and_dimensions():
    assert sumsq((torch.full((2, 2, 2), 2.0), torch.tensor([[3.0], [0.0]]))).tolist() == [25.0, 16.0]
    assert sumsq(torch.tensor([3.0, 4.0])).tolist() == [9.0, 16.0]  # [B] alone: every sample is one number


def test_half_precision_is_squared_in_float32():
    assert sumsq(torch.full((1, 3, 256, 256), 2.0, dtype=torch.float16)).item() == 4 * 3 * 256**2


def test_lerp_has_one_weight_per_sample():
    a, b = (torch.zeros(2, 3), torch.zeros(2, 2, 2)), (torch.ones(2, 3), torch.ones(2, 2, 2))
    for leaf in leaves(lerp(a, b, torch.tensor([0.25, 0.75]))):
        assert leaf.flatten(1).unique(dim=1).tolist() == [[0.25], [0.75]]


def test_rows_cat_and_inner_follow_the_structure():
    x = (torch.arange(4.0)[:, None], torch.arange(8.0).reshape(4, 2))
    assert torch.equal(leaves(cat([rows(x, slice(0, 1)), rows(x, slice(1, 4))]))[1], x[1])
    assert inner(x, x).tolist() == sumsq(x).tolist()


def test_score_is_a_mean_over_positions_and_a_sum_over_sub_critics():
    assert score((torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 3.0], [0.0, 0.0]]))).tolist() == [3.0, 2.0]


def test_the_input_gradient_of_an_ignored_leaf_is_zero():
    x = torch.ones(2, 3, requires_grad=True), torch.ones(2, 1, requires_grad=True)
    g = input_gradient(x[0].sum(1), x)
    assert leaves(g)[0].tolist() == [[1.0] * 3] * 2 and leaves(g)[1].tolist() == [[0.0]] * 2


def test_position_norms_follow_the_channel_axis():
    image = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert position_sumsq(image, (1,)).tolist() == [[16.0, 26.0, 40.0, 58.0]]
    assert position_sumsq((torch.ones(1, 3, 4), torch.ones(1, 2, 5)), (-1, -1)).tolist() == [[4.0] * 3 + [5.0] * 2]


def test_the_root_of_zero_has_a_gradient_of_zero():
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    safe_sqrt(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]


def test_splitmix64_gives_the_published_sequence():
    """The first outputs of the reference generator seeded with 0, which adds its constant before mixing."""
    golden = 0x9E3779B97F4A7C15
    assert [splitmix64(i * golden) for i in range(3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6), st.text(max_size=8))
def test_streams_depend_on_every_part_of_their_purpose(key, t, name):
    root = Stream(key)
    assert root.at(name, t) == root.at(name).at(t)
    assert len({root.at(name, t), root.at(name, t + 1), root.at(name + "x", t), Stream(key ^ 1).at(name, t)}) == 4


def test_keys_differ_in_the_low_bits_that_the_cpu_generator_reads():
    low = {Stream(0).at("x", t).key & 0xFFFFFFFF for t in range(10_000)}
    assert len(low) > 9_990  # birthdays among 2³²: about 0.01 expected collisions


def test_a_sampler_visits_everything_once_per_epoch_whatever_the_batch():
    sampler = BatchSampler(10, 4, Stream(3))
    seen = torch.cat([sampler.indices(k) for k in range(5)])  # two epochs
    assert sorted(seen[:10].tolist()) == list(range(10)) and sorted(seen[10:].tolist()) == list(range(10))
    assert torch.equal(BatchSampler(10, 4, Stream(3)).indices(3), seen[12:16])  # no need to have drawn those before
    assert (
        Counter(BatchSampler(3, 7, Stream(0)).indices(0).tolist()).most_common(1)[0][1] == 3
    )  # a batch above the size


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 3)), nn.Linear(3, 1))


def test_layers_are_found_by_name_with_and_without_their_path():
    assert [x.name for x in layers(net())] == ["0", "2.0", "3"]
    assert [x.name for x in layers(net(), "2.*")] == ["2.0"]
    assert [x.name for x in layers(net(), ["0"])] == ["0", "2.0"]
    assert [x.name for x in layers(net(), outputs=False)] == ["0", "2.0"]


def test_a_pattern_without_match_lists_the_layers():
    with pytest.raises(UsageError, match=r"fc7.*0, 2\.0, 3"):
        layers(net(), "fc7")
    with pytest.raises(UsageError, match=r"nope.*0\.weight"):
        weights(net(), "nope")


def test_stated_output_layers_are_left_alone():
    model = net()
    model.output_layers = ("2.0", "3")
    assert [x.name for x in layers(model, outputs=False)] == ["0"]


def test_a_layer_type_of_ones_own_can_be_registered():
    class Mine(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = nn.Parameter(torch.ones(2, 5))

    register_layer(Mine, {"kernel": 1}, channel_axis=-1)
    (layer,) = layers(Mine())
    assert layer.weight_name == "kernel" and layer.out_axis == 1


def test_checkpoints_are_whole_or_absent(tmp_path, monkeypatch):
    path = tmp_path / "step-1.pt"
    checkpoint.save(path, {"x": torch.ones(2)})
    monkeypatch.setattr(torch, "save", lambda *a, **k: (_ for _ in ()).throw(OSError(28, "no space")))
    with pytest.raises(OSError, match="no space"):
        checkpoint.save(path, {"x": torch.zeros(2)})
    assert checkpoint.load(path)["x"].tolist() == [1.0, 1.0] and [p.name for p in tmp_path.iterdir()] == ["step-1.pt"]


@pytest.mark.parametrize("content", [b"", b"nonsense", pickle.dumps(print)])
def test_what_is_no_checkpoint_is_named_and_never_run(tmp_path, content):
    path = tmp_path / "step-1.pt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"step-1\.pt"):
        checkpoint.load(path)


def test_a_checkpoint_with_code_in_it_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("executed",))

    path = tmp_path / "step-1.pt"
    torch.save({"format": 1, "x": Evil()}, path)
    with pytest.raises(UsageError, match="cannot be read as a checkpoint"):
        checkpoint.load(path)


def test_another_format_is_named(tmp_path):
    path = tmp_path / "step-1.pt"
    torch.save({"format": 99}, path)
    with pytest.raises(UsageError, match="99"):
        checkpoint.load(path)
