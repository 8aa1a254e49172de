"""The shipped networks: what they tell apart, and features of pictures of any size."""

import hashlib

import pytest
import torch

from detente_image import extractors
from detente_image.data import Digits
from detente_image.domain import Image
from seeded import seeded


def test_the_shipped_classifier_reads_985_of_1000_digits_it_never_saw():
    d = Digits()
    assert d.packed.arrays["labels"] is not None
    right = total = 0
    for split, x in (("held_out", d.held_out()), ("reference", d.reference())):
        found = extractors.run("digits", x, "digit").argmax(1).numpy()
        right += int((found == d.packed.arrays["labels"][d.packed.rows(split)]).sum())
        total += len(x)
    assert total == 1500
    assert right / total >= 0.985
    assert right / total == pytest.approx(
        extractors.FROZEN.record("digits")["accuracy"]["held_out_and_reference"], abs=2e-3
    )


def test_the_classifier_was_trained_on_its_own_split():
    d = Digits()
    own = d.packed.arrays["images"][d.packed.rows("extractor")]
    assert hashlib.sha256(own.tobytes()).hexdigest() == extractors.FROZEN.record("digits")["trained_on"]


def test_features_do_not_depend_on_the_batch_and_take_any_size():
    x = torch.rand(5, 3, 48, 48, generator=seeded()) * 2 - 1
    together = Image().features(x)
    assert together.shape == (5, 64)
    assert torch.allclose(together, torch.cat([Image().features(part) for part in x.split(2)]), atol=1e-4)
    assert not together.requires_grad


@pytest.mark.parametrize(("name", "channels", "heads"), [("digits", 1, {"digit": 10}), ("colour", 3, None)])
def test_a_network_is_loaded_once_ready_to_be_asked(name: str, channels: int, heads: dict[str, int] | None):
    net = extractors.extractor(name)
    assert net is extractors.extractor(name)
    assert not net.training and not any(p.requires_grad for p in net.parameters())
    stated = extractors.FROZEN.record(name)["heads"]
    assert heads is None or stated == heads
    x = torch.rand(2, channels, 32, 32, generator=seeded()) * 2 - 1
    assert {head: tuple(logits.shape) for head, logits in net(x).items()} == {h: (2, n) for h, n in stated.items()}


def test_of_no_images_there_are_no_features_and_no_logits():
    assert extractors.run("digits", torch.zeros(0, 1, 32, 32)).shape == (0, 48)
    assert extractors.run("colour", torch.zeros(0, 3, 32, 32)).shape == (0, 64)
    assert extractors.run("digits", torch.zeros(0, 1, 32, 32), "digit").shape == (0, 10)


def test_logits_are_the_heads_and_features_are_what_it_sees():
    net = extractors.extractor("digits")
    x = torch.rand(3, 1, 32, 32, generator=seeded()) * 2 - 1
    features, logits = extractors.run("digits", x), extractors.run("digits", x, "digit")
    torch.testing.assert_close(net.heads["digit"](features), logits)
    assert features.min() > 0, "softplus"


def test_what_tells_a_half_precision_generator_is_answered_in_full():
    x = torch.rand(2, 1, 32, 32, generator=seeded()) * 2 - 1
    found = extractors.run("digits", x.bfloat16().requires_grad_())
    assert found.dtype == torch.float32 and not found.requires_grad
    torch.testing.assert_close(found, extractors.run("digits", x.bfloat16().float()))
