import pytest
import torch
from torch import nn

from detente.engine.streams import Stream, enter, leave
from detente.errors import UsageError
from detente.regularizers.dropout import Dropout
from detente.testing.probe import moment


def net(width: int = 4000) -> nn.Sequential:
    out = nn.Sequential(nn.Linear(1, width, bias=False), nn.ReLU(), nn.Linear(width, 1))
    nn.init.ones_(out[0].weight)
    return out


def hidden(model: nn.Sequential, key: int) -> torch.Tensor:
    enter(Stream(key), torch.device("cpu"))
    try:
        return model[0](torch.ones(1, 1))
    finally:
        leave()


def test_a_unit_is_zero_with_probability_p_and_divided_by_one_minus_p_otherwise():
    model = net()
    Dropout(p=0.25).rewrite(model)
    h = hidden(model, 1)
    assert set(h.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert abs((h == 0).float().mean().item() - 0.25) < 0.03  # 4 standard errors of 4000 draws


def test_names_and_types_of_modules_stay():
    model = net(8)
    Dropout().rewrite(model)
    assert "0.weight" in dict(model.named_parameters()) and type(model[0]) is nn.Linear


def test_output_layers_are_left_alone():
    model = net(8)
    Dropout(p=0.9).rewrite(model)
    assert "dropout" not in dict(model[2].named_children())


def test_masks_depend_on_the_stream_and_on_nothing_else():
    model = net(64)
    Dropout(p=0.5).rewrite(model)
    first = hidden(model, 1)
    torch.manual_seed(99)
    torch.rand(7)
    assert torch.equal(first, hidden(model, 1)) and not torch.equal(first, hidden(model, 2))


def test_the_networks_own_noise_is_not_shifted():
    class Noisy(nn.Module):
        output_layers = ("out",)

        def __init__(self):
            super().__init__()
            self.hidden, self.out = nn.Linear(2, 4), nn.Linear(4, 1)

        def forward(self, x):
            self.hidden(x)
            return torch.randn(3)

    plain, dropped = Noisy(), Noisy()
    Dropout(p=0.5).rewrite(dropped)
    draws = []
    for model in (plain, dropped):
        enter(Stream(5), torch.device("cpu"))
        draws.append(model(torch.ones(1, 2)))
        leave()
    assert torch.equal(*draws)


def test_p_of_zero_is_the_very_same_tensor_and_the_deployed_network_drops_nothing():
    model = net(16)
    off = Dropout(p=0.0)
    off.rewrite(model)
    assert torch.equal(hidden(model, 1), torch.ones(1, 16)) and off.inactive(moment())
    dropped = net(16)
    on = Dropout(p=0.5)
    on.rewrite(dropped)
    assert torch.equal(on.deploy(dropped)[0](torch.ones(1, 1)), torch.ones(1, 16))


def test_an_impossible_p_and_a_missing_layer_are_named():
    with pytest.raises(UsageError, match=r"p=1\.0"):
        Dropout(p=1.0)
    with pytest.raises(UsageError, match="fc9"):
        Dropout(where="fc9").rewrite(net(4))
