"""The prompts are fetched once: what was published is kept, and new code decodes it anew."""

from pathlib import Path

import numpy as np
import pytest

from detente.domains.cache import code_of
from detente_speech import sources
from detente_speech.sources import PACKAGES, RATE, Package

G722 = pytest.importorskip("G722")


def coded(pitch: int, samples: int) -> bytes:
    wave = (0.3 * 32767 * np.sin(2 * np.pi * pitch * np.arange(samples) / RATE)).astype(np.int16)
    return bytes(G722.G722(RATE, 64000).encode(wave.tolist()))


def test_what_apt_fetched_is_decoded_again_without_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    published = tmp_path / "en"
    published.mkdir()
    for name, samples in (("hello", 8000), ("agent-pass", 4000), ("one", 16_000)):
        (published / f"{name}.g722").write_bytes(coded(500, samples))
    files = sorted(published.iterdir())
    two = [Package(language, "a voice", 3, sources.content(files)) for language in ("en", "fr")]
    fetched: list[str] = []
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "PACKAGES", two)
    monkeypatch.setattr(sources.shutil, "which", lambda tool: tool)
    monkeypatch.setattr(sources._Apt, "update", lambda self: None)
    monkeypatch.setattr(sources._Apt, "fetch", lambda self, package: fetched.append(package) or published)
    first = sources.fetch_prompts()
    assert [(clip.name, len(clip.audio), clip.label) for clip in first] == [
        (f"{language}/{name}", samples, label)
        for label, language in enumerate(("en", "fr"))
        for name, samples in (("agent-pass", 4000), ("hello", 8000), ("one", 16_000))
    ]
    assert np.array_equal(first[1].audio, sources.read_g722(coded(500, 8000)))
    monkeypatch.setattr("detente.domains.packed.code_of", lambda *modules: "other code")
    again = sources.fetch_prompts()
    assert all(np.array_equal(a.audio, b.audio) and a.name == b.name for a, b in zip(first, again, strict=True))
    assert fetched == ["asterisk-core-sounds-en-g722", "asterisk-core-sounds-fr-g722"]
    assert code_of("detente_speech.data") != code_of("detente_speech.plugin") and len(PACKAGES) == 5
