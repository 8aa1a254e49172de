"""What the README promises of recorded speech, at full size: fetched by apt, trained for minutes, `make acceptance`."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from detente import PluginError
from detente_speech import extractors
from detente_speech.data import Prompts

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def prompts() -> Prompts:
    try:
        return Prompts()
    except PluginError as reason:
        pytest.skip(str(reason))


def run(tmp_path, *options: str) -> dict:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "detente", "train", "speech", *options, "--folder", str(folder), "-q"]
    subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True)
    return json.loads((folder / "run.json").read_text())


def test_the_prompts_are_what_their_classifier_was_trained_on_and_it_knows_their_voices(prompts):
    assert prompts.packed.sizes == {"train": 17292, "extractor": 2086, "held_out": 750, "reference": 750}
    own = prompts.packed.arrays["mels"][prompts.packed.rows("extractor")]
    about = extractors.FROZEN.record("voices")
    from hashlib import sha256

    assert sha256(np.ascontiguousarray(own).data).hexdigest() == about["trained_on"]
    labels = torch.from_numpy(prompts.packed.arrays["labels"])[prompts.packed.rows("held_out")]
    right = (extractors.run(prompts.held_out(), voices=True).argmax(1) == labels).double().mean().item()
    assert right >= 0.93


def test_a_spectrogram_gan_comes_more_than_half_of_the_way_to_real_speech(prompts, tmp_path):
    assert run(tmp_path, "--model", "specgan", "--reg", "r1")["final"]["scaled"] > 0.5


def test_a_vocoder_beats_its_untrained_state(prompts, tmp_path):
    momentum = [
        part for role in ("generator", "discriminator") for part in ("--set", f"{role}.optimizer.betas=[0.8, 0.99]")
    ]
    info = run(tmp_path, "--model", "vocoder", "--reg", "g:ema", "--batch", "8", "--steps", "1000", *momentum)
    trained, untrained = info["final"]["scores"], info["references"]["untrained"]
    assert trained["mel-distance"] * 3 <= untrained["mel-distance"]
    assert trained["stft-distance"] * 2 <= untrained["stft-distance"]
