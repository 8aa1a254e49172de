"""Waves, and three critics of them whose logits have three shapes."""

import torch

from toy_parts import logits, parts


def test_the_three_critics_have_logits_of_three_shapes() -> None:
    toy = parts("critics")
    assert [tuple(part.shape) for part in logits(toy.networks, toy.data.batch(torch.arange(5)).x)] == [
        (5,),
        (5, 16),
        (5, 4, 4),
    ]
