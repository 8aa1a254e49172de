"""The laws on voices: every registered regularizer on a narrow SpecGAN and on a vocoder, whose critics are several."""

from functools import partial

import pytest
from torch import Tensor

from dealt import dealt
from detente import Batch, Leaf, Space
from detente.plugins import host
from detente.testing import Case, check
from detente_speech.recordings import Vocoded
from detente_speech.transforms import log_mel
from strong import STRONG
from voices import Synthetic


class Corners(Synthetic):
    """A corner of each log-mel: the laws are about layers, not about speech."""

    def __init__(self) -> None:
        super().__init__()
        self.space = Space((Leaf((1, 8, 16), channel_axis=1),))

    def encode(self, packed: Tensor) -> Tensor:
        return packed[..., :8, :16].float()


class Moments(Vocoded):
    """32 ms of each crop, made loud: beside a whisper the steps of finite differences would be large."""

    def __init__(self, of: Synthetic) -> None:
        super().__init__(of, 8000)
        self.space = Space((Leaf((1, 256), channel_axis=1),), condition=(1, 40, 4))

    def batch(self, index: Tensor) -> Batch:
        x = self.crops("train", index)[..., 1024:1280]
        x = x / x.std(-1, keepdim=True)
        return Batch(x, log_mel(x, 8000))


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    h = host()
    domain = h.load("domain", "speech")()
    specgan = h.load("model", "specgan", "speech")(width=4, latent_dim=8)
    options = {"width": 4, "blocks": 1, "critic_width": 2, "periods": "2 3", "rate": 8000, "latent_dim": 4}
    vocoder = h.load("model", "vocoder", "speech")(**options)
    moments = Moments(Synthetic())
    return [Case("specgan", domain, Corners(), specgan, size=4), Case("vocoder", domain, moments, vocoder, size=3)]


@pytest.mark.slow
@pytest.mark.parametrize("name", dealt("speech"))
def test_every_regularizer_keeps_the_laws_on_voices(name, cases):
    report = check(partial(host().load("regularizer", name), **STRONG.get(name, {})), cases).require()
    assert report.count("passed") >= 5, report
