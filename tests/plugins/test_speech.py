import importlib.metadata
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import soundfile
import torch
from PIL import Image as Picture
from torch import Tensor, nn

from detente import Evaluation, Leaf, Packed, PluginError, Space, Stream, UsageError, batch_size
from detente.domains.metrics import frechet_distance
from detente.engine.layers import layers
from detente.training.evaluation import conditions, generate
from detente_speech import augmentations, downloads, extractors, metrics, sources, transforms
from detente_speech.data import Folder, Prompts, SpeechCommands, SpokenDigits, YesNo
from detente_speech.domain import Speech
from detente_speech.networks import SpecGAN, Vocoder, WaveGAN
from detente_speech.recordings import FROM_ONE, Vocoded, cropped
from detente_speech.sources import RATE, Clip
from voices import Synthetic, clips, spoken


@pytest.fixture(scope="module", autouse=True)
def one_thread_and_a_cache_of_our_own(tmp_path_factory: pytest.TempPathFactory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def voices() -> Synthetic:
    found = Synthetic()
    assert found.audio.sizes["train"]  # prepared while the cache is ours
    return found


@pytest.fixture(scope="module")
def vocoded(voices) -> Vocoded:
    return voices.waveforms(8000, conditional=True)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def waves(n: int = 3, rate: int = 8000) -> Tensor:
    found = [spoken(0.6, i)[: transforms.length(RATE)] for i in range(n)]
    return transforms.resampled(torch.from_numpy(np.stack(found)[:, None]).float() / 32768, RATE, rate)


# --- transforms -------------------------------------------------------------------------------------------------------


def by_hand(x: np.ndarray, rate: int) -> np.ndarray:
    """Log-mels [M, 64] of a waveform [L] by scipy's Fourier transform and filters written from HTK's formula."""
    n, step, bands = 32 * rate // 1000, 8 * rate // 1000, rate // 200
    padded = np.pad(x, n // 2, mode="reflect")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    _, _, spectrum = scipy.signal.stft(
        padded, nperseg=n, noverlap=n - step, window=hann, boundary=None, padded=False, scaling="spectrum"
    )
    magnitude = np.abs(spectrum) * hann.sum()  # scipy divides by the sum of the window
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bands + 2) / 2595) - 1)
    hertz = np.linspace(0, rate / 2, n // 2 + 1)
    filters = [
        np.clip(np.minimum((hertz - a) / (b - a), (c - hertz) / (c - b)), 0, None)
        for a, b, c in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    return (np.log(np.maximum(np.stack(filters) @ magnitude, np.exp(-8))) + 2)[:, :64] / 6


@pytest.mark.parametrize("rate", [8000, 16000])
def test_log_mels_are_those_of_scipy_and_of_the_formula(rate):
    x = waves(2, rate).double()
    for wave, found in zip(x[:, 0].numpy(), transforms.log_mel(x)[:, 0].numpy(), strict=True):
        # torchaudio makes its filters in float32.
        assert np.abs(found - by_hand(wave, rate)).max() < 1e-5
    assert np.abs((transforms.log_mel(x.float()) - transforms.log_mel(x)).numpy()).max() < 1e-4  # near-silent bins


@pytest.mark.parametrize(("rate", "hertz"), [(8000, 440), (8000, 3000), (16000, 1000), (16000, 6000)])
def test_a_sine_peaks_in_the_band_that_holds_its_frequency(rate, hertz):
    t = torch.arange(transforms.length(rate)) / rate
    found = transforms.log_mel(0.5 * torch.sin(2 * torch.pi * hertz * t)[None, None])[0, 0, :, 32]
    centres = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), rate // 200 + 2)[1:-1]
    expected = np.abs(centres - 2595 * np.log10(1 + hertz / 700)).argmin()
    assert found.argmax() == expected


def test_the_scale_of_log_mels_is_undone_and_silence_is_its_floor():
    mel = torch.tensor([1e-3, 0.1, 1.0, 20.0])
    assert torch.allclose(transforms.magnitudes(transforms.scaled(mel)), mel - math.exp(-8), atol=1e-5)
    assert torch.equal(transforms.scaled(torch.zeros(1)), torch.tensor([-1.0]))
    assert torch.equal(transforms.magnitudes(torch.tensor([-1.0])), torch.zeros(1))


@pytest.mark.parametrize("rate", [8000, 16000])
def test_griffin_lim_comes_near_and_draws_from_its_seed_alone(rate):
    x = waves(2, rate)
    mel = transforms.log_mel(x)
    before = torch.random.get_rng_state()
    y = transforms.griffin_lim(mel, seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert y.shape == x.shape
    assert torch.equal(y, transforms.griffin_lim(mel, seed=3))
    assert (transforms.log_mel(y) - mel).abs().mean() < 0.15 * (mel - mel.mean()).abs().mean()


def test_other_shapes_have_no_rate():
    with pytest.raises(UsageError, match="shape"):
        transforms.rate_of(torch.zeros(2, 1, 5000))
    with pytest.raises(UsageError, match="log-mels"):
        transforms.is_waveform(torch.zeros(2, 7))
    assert transforms.rate_of(torch.zeros(1, 1, 80, 64)) == 16000


def test_torchaudio_and_transformers_work_in_either_order():
    parts = {
        "torchaudio": "from detente_speech.transforms import log_mel; import torch; log_mel(torch.zeros(1, 1, 4096))",
        "transformers": "from detente.compat import transformers as t; t().GPT2LMHeadModel",
    }
    for order in (["torchaudio", "transformers"], ["transformers", "torchaudio"]):
        if importlib.util.find_spec("transformers") is None:
            order = ["torchaudio"]
        code = "\n".join(parts[name] for name in order)
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)


# --- data -------------------------------------------------------------------------------------------------------------


def test_recordings_are_log_mels_and_waveforms_of_the_same_crops(voices):
    x, labels = voices.batch(torch.tensor([0, 5, 5]))
    assert x.shape == (3, 1, 40, 64) and x.dtype == torch.float32 and torch.equal(x[1], x[2])
    assert voices.space == Space((Leaf((1, 40, 64), channel_axis=1),), 2)
    for rate in (8000, 16000):
        wave, same = voices.waveforms(rate).batch(torch.tensor([0, 5, 5]))
        assert wave.shape == (3, 1, transforms.length(rate)) and torch.equal(labels, same)
    # float16, on a scale of 1
    assert (transforms.log_mel(voices.waveforms(8000).batch(torch.tensor([0, 5, 5])).x) - x).abs().max() < 1e-3
    assert isinstance(voices.packed.arrays["mels"], np.memmap)


def test_splits_share_no_clip(voices):
    of = voices.packed
    found = [set(of.arrays["clips"][of.rows(split)].tolist()) for split in of.sizes]
    assert all(found) and sum(map(len, found)) == len(set().union(*found)) == 40
    assert len(voices.held_out()) == of.sizes["held_out"] and len(voices.extractor_split()[0]) == of.sizes["extractor"]


def test_equal_clips_are_kept_once_and_scored_crops_of_one_clip_are_few():
    twice = [*clips(24), *clips(24)]
    of = cropped([*twice, Clip("long", spoken(20.0, 5))])
    assert len(set(of.arrays["clips"].tolist())) == 25
    for split in ("held_out", "reference"):
        assert np.bincount(of.arrays["clips"][of.rows(split)]).max() <= FROM_ONE


def test_a_vocoder_is_evaluated_on_held_out_recordings_in_their_order(vocoded):
    n = len(vocoded.held_out()) + 2
    given = vocoded.conditions(n, Stream(0))
    assert given.shape == (n, 1, 40, 64)
    assert torch.equal(given[-1], given[1])
    assert torch.equal(transforms.log_mel(vocoded.targets(n)), given)
    x, mel = vocoded.batch(torch.arange(2))
    assert torch.equal(transforms.log_mel(x), mel)


def write(path: Path, seconds: float, seed: int, rate: int = 16000, channels: int = 1, gain: float = 1.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mono = transforms.resampled(torch.from_numpy(spoken(seconds, seed)).float() / 32768, RATE, rate).numpy()
    soundfile.write(path, np.stack([gain * mono] * channels, 1), rate)


def test_a_folder_takes_mixed_rates_stereo_and_silence_and_names_what_is_broken(tmp_path, caplog):
    for i in range(24):
        rate, suffix = ((8000, "wav"), (16000, "flac"), (44100, "wav"), (22050, "ogg"))[i % 4]
        write(tmp_path / ("a" if i % 2 else "b/c") / f"{i}.{suffix}", 1.2, i, rate, 1 + i % 2)
    write(tmp_path / "silent.wav", 1.0, 99, gain=0.0)
    (tmp_path / "broken.wav").write_bytes(b"RIFF?")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 8000)
    (tmp_path / "notes.txt").write_text("no recording")
    d = Folder(str(tmp_path))
    assert (
        "skipped 2 of 27 files" in d.notes[0] and "broken.wav (" in d.notes[0] and "empty.wav (no sound" in d.notes[0]
    )
    assert "1 of 25 clips are silent" in d.notes[1] and "silent.wav" in d.notes[1]
    assert set(d.notes) <= set(caplog.messages)
    assert d.packed.sizes["train"] > 50 and len(d.held_out()) and len(d.reference())
    assert Folder(str(tmp_path)).notes == d.notes, "a cached folder says so too"


def test_what_is_read_is_what_was_recorded_whatever_its_rate_and_channels(tmp_path):
    t = np.arange(44100) / 44100
    soundfile.write(tmp_path / "x.wav", np.stack([0.6 * np.sin(2 * np.pi * 300 * t), np.zeros(len(t))], 1), 44100)
    found = sources.read_sound(tmp_path / "x.wav") / 32768
    expected = 0.3 * np.sin(2 * np.pi * 300 * np.arange(len(found)) / RATE)
    assert len(found) == RATE
    assert np.abs(found - expected)[200:-200].max() < 2e-3  # but for the ends, which the filter smears


def test_few_clips_all_train_and_a_long_recording_is_cut(tmp_path):
    write(tmp_path / "0.wav", 1.0, 0)
    d = Folder(str(tmp_path))
    assert len(d.held_out()) == len(d.reference()) == 0 and "1 clips are too few" in d.notes[0]
    assert Speech().features(d.reference()).shape == (0, 64)
    assert batch_size(d.waveforms(8000, conditional=True).targets(3)) == 3
    assert [len(clip.audio) for clip in sources.pieces("x", np.zeros(25 * RATE, np.int16))] == [160000, 160000, 80000]


@pytest.mark.parametrize("inside", [None, "empty", "broken", "silent"])
def test_a_folder_without_recordings_is_a_usage_error(tmp_path, inside):
    folder = tmp_path / "recordings"
    if inside:
        folder.mkdir()
    if inside == "broken":
        (folder / "x.wav").write_bytes(b"?")
    if inside == "silent":
        write(folder / "x.wav", 1.0, 0, gain=0.0)
    with pytest.raises(UsageError, match="record"):
        Folder(str(folder))


def test_spoken_digits_come_from_a_folder_or_an_archive(tmp_path):
    import shutil

    for digit in range(3):
        for i in range(8):
            write(tmp_path / "set" / "recordings" / f"{digit}_anna_{i}.wav", 0.6, 10 * digit + i, 8000)
    kinds = [shutil.make_archive(str(tmp_path / "set"), kind, tmp_path / "set") for kind in ("zip", "gztar")]
    found = [SpokenDigits(place) for place in (str(tmp_path / "set" / "recordings"), *kinds)]
    assert len({len(d) for d in found}) == 1
    assert found[0].space.classes == 10
    assert set(found[0].batch(torch.arange(len(found[0]))).labels.tolist()) <= {0, 1, 2}
    for place in ("", str(tmp_path / "nowhere.zip")):
        with pytest.raises(PluginError, match="free-spoken-digit-dataset"):
            SpokenDigits(place)
    (tmp_path / "cut.zip").write_bytes(Path(kinds[0]).read_bytes()[:500])
    with pytest.raises(PluginError, match="cannot read"):
        SpokenDigits(str(tmp_path / "cut.zip"))


def test_without_apt_the_error_says_what_else_can_be_used(monkeypatch, tmp_path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    monkeypatch.setattr(sources.shutil, "which", lambda tool: None)
    with pytest.raises(
        PluginError, match=r"no apt-get on this machine.*--data folder --set data.path=DIR.*fsdd.*yesno"
    ):
        Prompts()


def test_without_a_network_apt_is_quoted(monkeypatch, tmp_path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    monkeypatch.setattr(sources.shutil, "which", lambda tool: tool)

    def failed(command, **options):
        return subprocess.CompletedProcess(command, 100, "", "W: hm\nE: Unable to locate package\n")

    monkeypatch.setattr(sources.subprocess, "run", failed)
    with pytest.raises(PluginError, match=r"`apt-get .*download.*Unable to locate package.*--data folder"):
        Prompts()


def test_recordings_that_are_not_the_known_ones_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(sources.shutil, "which", lambda tool: tool)
    monkeypatch.setattr(sources._Apt, "update", lambda self: None)
    monkeypatch.setattr(sources._Apt, "fetch", lambda self, package: tmp_path)
    (tmp_path / "hello.g722").write_bytes(b"other")
    with pytest.raises(PluginError, match="not the release"):
        sources.fetch_prompts()


def test_g722_is_decoded_to_two_samples_a_byte():
    import G722

    wave = (0.3 * 32767 * np.sin(2 * np.pi * 500 * np.arange(8000) / RATE)).astype(np.int16)
    coded = bytes(G722.G722(RATE, 64000).encode(wave.tolist()))
    found = sources.read_g722(coded)
    assert found.dtype == np.int16 and len(found) == 2 * len(coded) == 8000
    lag = np.correlate(found[1000:5000].astype(float), wave[1000:5000].astype(float), "same").max()
    assert lag > 0.95 * np.square(wave[1000:5000].astype(float)).sum()
    assert len(sources.read_g722(b"")) == 0


@pytest.mark.parametrize("make", [YesNo, SpeechCommands])
def test_what_cannot_be_downloaded_says_so(make, monkeypatch, tmp_path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))

    def offline(*args, **options):
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    for module in ("yesno", "speechcommands"):
        transforms.torchaudio()
        monkeypatch.setattr(f"torchaudio.datasets.{module}.download_url_to_file", offline)
    with pytest.raises(PluginError, match=r"cannot be downloaded \(no network\).*--data folder"):
        make()


def test_downloads_that_are_there_are_read(monkeypatch, tmp_path):
    monkeypatch.setattr(downloads, "yesno", lambda: tmp_path / "yes")
    monkeypatch.setattr(downloads, "speech_commands", lambda: tmp_path / "words")
    for i in range(3):
        write(tmp_path / "yes" / f"{i}.wav", 1.0, i, 8000)
        write(tmp_path / "words" / ("two", "one", "cat")[i] / "a.wav", 1.0, i)
    assert len(YesNo()) > 3
    assert set(SpeechCommands("one two").batch(torch.arange(4)).labels.tolist()) == {0, 1}
    with pytest.raises(UsageError, match="not a word of the data set"):
        SpeechCommands("one dog")


# --- networks ---------------------------------------------------------------------------------------------------------

SMALL = {
    "specgan": (SpecGAN(width=4, latent_dim=8), Space((Leaf((1, 40, 64), channel_axis=1),)), 3),
    "wavegan": (WaveGAN(width=4, latent_dim=8), Space((Leaf((1, 4096), channel_axis=1),)), 2),
    "vocoder": (
        Vocoder(width=16, blocks=2, critic_width=4, rate=8000),
        Space((Leaf((1, 4096), channel_axis=1),), condition=(1, 40, 64)),
        2,
    ),
}


@pytest.mark.parametrize("name", SMALL)
def test_networks_make_and_judge_samples_of_ordinary_size(name, vocoded):
    model, space, _ = SMALL[name]
    torch.manual_seed(0)
    made = model.build(space)
    given = (vocoded.conditions(8),) if model.conditional else ()
    x = made.generator(model.latents(8, generator()), *given)
    assert x.shape == (8, *space.leaves[0].shape)
    assert 0.01 < x.std() < 0.95
    logits = made.discriminator(x, *given)
    for part in logits if isinstance(logits, tuple) else (logits,):
        assert part.shape[0] == 8 and part.std() < 3
    assert len(logits) == (3 if name == "vocoder" else 8)


@pytest.mark.parametrize("name", SMALL)
def test_networks_neither_normalize_nor_drop_and_name_their_output_and_feature_layers(name):
    model, space, _ = SMALL[name]
    made = model.build(space)
    for net in made:
        kinds = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.modules.dropout._DropoutNd)
        assert not any(isinstance(module, kinds) for module in net.modules())
        names = [layer.name for layer in layers(net)]
        assert set(net.output_layers) <= set(names)
        weights = {id(layer.weight) for layer in layers(net)}
        assert all(id(p) in weights for p in net.parameters() if p.dim() > 1), "all weights in registered layers"
    assert made.discriminator.abilities == {"features"}
    assert not set(made.discriminator.feature_layers) & set(made.discriminator.output_layers)
    for layer in made.discriminator.feature_layers:
        made.discriminator.get_submodule(layer)


def test_models_see_the_data_as_they_need_them(voices):
    for name, (model, space, dimensions) in SMALL.items():
        seen = model.view(voices).space
        assert len(seen.leaves[0].shape) == dimensions, name
        assert seen.leaves == space.leaves and seen.condition == space.condition
    with pytest.raises(UsageError, match="for waveforms"):
        WaveGAN().build(Space((Leaf((1, 40, 64), channel_axis=1),)))
    with pytest.raises(UsageError, match="multiples of 8"):
        SpecGAN().build(Space((Leaf((1, 41, 64), channel_axis=1),)))
    with pytest.raises(UsageError, match="with their log-mels"):
        Vocoder().build(Space((Leaf((1, 4096), channel_axis=1),)))


def test_a_vocoders_noise_changes_its_waveform(vocoded):
    model, space, _ = SMALL["vocoder"]
    torch.manual_seed(0)
    net = model.build(space).generator
    mel = vocoded.conditions(2)
    one, other = (net(model.latents(2, generator(seed)), mel) for seed in (0, 1))
    assert (one - other).abs().max() > 1e-3


# --- augmentations ----------------------------------------------------------------------------------------------------

AUGMENTATIONS = list(Speech.augmentations.values())
KINDS = {"log-mel": lambda: transforms.log_mel(waves(4)), "waveform": lambda: waves(4)}


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_augmentations_change_each_sample_by_itself_from_the_given_generator_alone(augmentation, kind):
    x = KINDS[kind]()
    torch.manual_seed(0)
    y = augmentation(x, generator(1))
    after = torch.rand(())
    torch.manual_seed(0)
    assert torch.rand(()) == after, "the default generator was not touched"
    assert y.shape == x.shape and y.dtype == x.dtype
    assert torch.equal(y, augmentation(x, generator(1)))
    assert not torch.equal(y, augmentation(x, generator(2)))
    alone = x.clone()
    alone[1:] = alone[1:].flip(-1)
    assert torch.equal(augmentation(alone, generator(1))[0], y[0]), "a sample does not see the others"
    changed = (y - x).abs().flatten(1).amax(1) > 0
    assert changed.sum() >= 3, "each is changed, but for the rare draw of nothing"


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("shape", [(2, 1, 4, 8), (2, 1, 16)])
def test_augmentations_are_differentiable_twice(augmentation, shape):
    x = torch.rand(shape, generator=generator(), dtype=torch.float64, requires_grad=True)
    f = lambda x: augmentation(x.sin(), generator(1))  # noqa: E731  something that curves
    assert torch.autograd.gradcheck(f, (x,))
    assert torch.autograd.gradgradcheck(f, (x,))


def test_masks_are_silent_stretches_of_a_quarter_at_most():
    x = torch.zeros(50, 1, 40, 64)
    hidden = augmentations.time_mask(x, generator()) == -1
    assert (hidden == hidden[:, :, :1]).all() and hidden[:, 0, 0].sum(1).max() <= 17
    hidden = augmentations.frequency_mask(x, generator()) == -1
    assert (hidden == hidden[..., :1]).all() and 5 < hidden[:, 0, :, 0].sum(1).max() <= 11
    assert torch.equal(augmentations.gain(x - 1, generator()), x - 1), "silence stays silent"


# --- extractor, metrics, domain ---------------------------------------------------------------------------------------


def test_frechet_distances_are_scipys_on_the_same_features(voices):
    domain = Speech()
    # As many samples as make the covariances regular, so that scipy's root exists.
    louder = [augmentations.gain(voices.batch(torch.arange(len(voices))).x, generator(i)) for i in range(12)]
    x = domain.features(torch.cat(louder)).double()
    y = domain.features(augmentations.time_shift(torch.cat(louder), generator())).double()
    a, b = (torch.cov(f.T).numpy() for f in (x, y))
    root = scipy.linalg.sqrtm(a @ b)
    expected = (x.mean(0) - y.mean(0)).square().sum().item() + np.trace(a + b - 2 * root).real
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)


def test_frechet_orders_real_and_untrained(voices):
    domain = Speech()
    reference = domain.reference_features(voices)
    torch.manual_seed(0)
    made = SpecGAN(width=4).build(voices.space).generator
    untrained = made(torch.randn(64, 64, generator=generator())).detach()
    real, baseline, floor = (
        frechet_distance(domain.features(x).double(), reference)
        for x in (voices.held_out(), domain.baseline(voices, 64, generator()), untrained)
    )
    assert 0 < real < floor and baseline < floor


def test_features_of_a_waveform_are_those_of_its_log_mel():
    x = waves(2, 16000)
    narrow = transforms.resampled(x, 16000, 8000)
    assert torch.allclose(Speech().features(x), Speech().features(transforms.log_mel(narrow)), atol=1e-5)


def evaluation(x: Tensor, of) -> Evaluation:
    return Evaluation(x, of, Speech(), Stream(0))


def test_vocoding_is_perfect_for_the_recording_itself_and_worse_for_others(vocoded):
    n = len(vocoded.held_out())
    same = metrics.Vocoding()(evaluation(vocoded.targets(n), vocoded))
    assert same["mel-distance"] == same["stft-distance"] == 0
    other = metrics.Vocoding()(evaluation(vocoded.targets(n).roll(1, 0), vocoded))
    near = metrics.Vocoding()(evaluation(Speech().baseline(vocoded, n, generator()), vocoded))
    assert 0 < near["mel-distance"] < other["mel-distance"] and 0 < near["stft-distance"] < other["stft-distance"]
    half = metrics.Vocoding()(evaluation(vocoded.targets(n) / 2, vocoded))
    assert half["mel-distance"] == pytest.approx(math.log(2), rel=0.1)  # but for what is cut off as silence
    if importlib.util.find_spec("pystoi"):
        assert same["stoi"] == pytest.approx(1, abs=1e-6) and other["stoi"] < near["stoi"] < 1


def test_vocoding_and_voices_are_nan_where_they_have_no_meaning(voices):
    for metric in (metrics.Vocoding(), metrics.Voices()):
        found = metric(evaluation(voices.held_out(), voices))
        assert found.keys() == metric.scores.keys() and all(map(math.isnan, found.values()))


def test_voices_of_a_perfect_and_of_a_collapsed_sampler():
    """Log-mels whose voice the classifier is sure of, found by climbing its logits."""
    x = torch.zeros(5, 1, 40, 64, requires_grad=True)
    net = extractors.extractor()
    for _ in range(40):
        (slope,) = torch.autograd.grad(torch.diagonal(net(x).log_softmax(1)).sum(), x)
        x = (x + 0.05 * slope.sign()).clamp(-1, 1).detach().requires_grad_()
    x = x.detach()
    d = object.__new__(Prompts)
    d.packed = Packed({"labels": np.arange(5)}, {"reference": 5})
    perfect = metrics.Voices()(evaluation(x.repeat(4, 1, 1, 1), d))
    assert perfect["modes"] == 5 and perfect["modes-kl"] == pytest.approx(0, abs=1e-12)
    collapsed = metrics.Voices()(evaluation(x[2:3].repeat(20, 1, 1, 1), d))
    assert collapsed["modes"] == 1 and collapsed["modes-kl"] == pytest.approx(math.log(5))
    assert collapsed["confidence"] > 0.5


def test_naturalness_tells_noise_from_speech_or_is_nan_and_says_so(vocoded, voices, caplog):
    metrics._dnsmos.cache_clear()
    speech = metrics.Naturalness()(evaluation(vocoded.crops("train", torch.arange(36)), vocoded))
    if metrics._dnsmos() is None:
        assert all(map(math.isnan, speech.values())) and "pip install detente-speech[measures]" in caplog.text
        return
    noise = metrics.Naturalness()(evaluation(0.3 * torch.randn(36, 1, 4096, generator=generator()), vocoded))
    assert all(0.5 < value < 5 for value in speech.values())
    assert noise["dnsmos-bak"] < speech["dnsmos-bak"]


def test_naturalness_without_its_packages_is_nan_and_says_so(voices, caplog, monkeypatch):
    monkeypatch.setattr(metrics.importlib.util, "find_spec", lambda name: None)
    metrics._dnsmos.cache_clear()
    found = metrics.Naturalness()(evaluation(voices.held_out(), voices))
    metrics._dnsmos.cache_clear()
    assert all(map(math.isnan, found.values())) and "pip install detente-speech[measures]" in caplog.text


def test_a_preview_is_a_picture_and_sounds_that_a_person_can_take_in(tmp_path, voices, vocoded):
    for name, x in (("mel", voices.held_out()[:7]), ("wave", vocoded.held_out()[:7])):
        x = x.clone()
        x[0] = math.nan
        path = tmp_path / f"{name}-000500.png"
        Speech().preview(x, path)
        with Picture.open(path) as picture:
            assert picture.format == "PNG" and picture.width == 900
        heard = sorted(tmp_path.glob(f"{name}-000500-*.ogg"))
        assert len(heard) == 6
        sound, rate = soundfile.read(heard[1])
        assert rate == 8000 and len(sound) == 4096 and 0.01 < np.sqrt(np.square(sound).mean()) < 0.5


def test_the_baseline_of_recordings_is_gaussian_and_that_of_a_vocoder_griffin_lims(voices, vocoded):
    x = Speech().baseline(voices, 500, generator())
    every = voices.batch(torch.arange(len(voices))).x
    assert x.shape == (500, 1, 40, 64)
    assert (x.mean(0) - every.mean(0)).abs().mean() < 0.05  # four standard errors of 500 draws, less what is clipped
    assert torch.equal(x, Speech().baseline(voices, 500, generator()))
    y = Speech().baseline(vocoded, 3, generator())
    assert (transforms.log_mel(y) - vocoded.conditions(3)).abs().mean() < 0.1


def test_evaluated_samples_of_a_vocoder_are_conditioned_on_held_out_log_mels(vocoded):
    model, space, _ = SMALL["vocoder"]
    given = conditions(vocoded, model, 5, Stream(0))
    assert torch.equal(given, vocoded.conditions(5))
    assert generate(model.build(space).generator, model, 5, Stream(0), given).shape == (5, 1, 4096)


# --- the plugin -------------------------------------------------------------------------------------------------------


def test_declarations_import_no_heavy_library_and_every_target_exists():
    code = """
import importlib, json, sys
import detente_speech.plugin as plugin
entries = []
class Registry:
    def add(self, name, target, **rest):
        entries.append([name, target, rest["summary"]])
for hook in ("domains", "data", "models", "metrics"):
    getattr(plugin, "detente_register_" + hook)(Registry())
heavy = [m for m in ("torch", "numpy", "torchaudio", "soundfile", "G722", "matplotlib") if m in sys.modules]
for name, target, summary in entries:
    module, _, cls = target.partition(":")
    getattr(importlib.import_module(module), cls)
late = [m for m in ("soundfile", "G722", "matplotlib", "onnxruntime") if m in sys.modules]
print(json.dumps([entries, heavy, late]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    entries, heavy, late = json.loads(done.stdout)
    assert heavy == late == []
    assert {name for name, *_ in entries} == {
        *("speech", "prompts", "folder", "fsdd", "yesno", "speechcommands", "specgan", "vocoder", "wavegan"),
        *("voices", "naturalness", "vocoding"),
    }
    assert all(summary for *_, summary in entries)


def test_every_metric_of_the_domain_but_the_shared_ones_is_declared_here():
    assert set(Speech.metrics) - {"frechet", "kernel-distance", "prdc"} == {"voices", "naturalness", "vocoding"}


def test_the_distribution_enters_by_the_entry_point():
    (point,) = [p for p in importlib.metadata.entry_points(group="detente") if p.name == "speech"]
    assert point.value == "detente_speech.plugin" and point.dist.name == "detente-speech"
