"""What torchaudio downloads."""

from pathlib import Path

import pytest
import torch

from detente import PluginError
from detente_speech import downloads, transforms
from detente_speech.data import SpeechCommands, YesNo


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


class Archive:
    """Stands in for a data set of torchaudio: what it writes, how often, and how it fails."""

    def __init__(self, inside: str, error: Exception | None = None) -> None:
        self.inside, self.error, self.times = inside, error, 0

    def __call__(self, root: str, download: bool) -> None:
        assert download
        self.times += 1
        (Path(root) / self.inside).mkdir(parents=True, exist_ok=True)
        if self.error:
            raise self.error


@pytest.mark.parametrize(
    ("get", "cls", "inside"),
    [
        (downloads.yesno, "YESNO", "waves_yesno"),
        (downloads.speech_commands, "SPEECHCOMMANDS", "SpeechCommands/speech_commands_v0.02"),
    ],
)
def test_what_was_downloaded_whole_is_not_downloaded_again(get, cls, inside, monkeypatch, tmp_path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    transforms.torchaudio()
    archive = Archive(inside)
    monkeypatch.setattr(f"torchaudio.datasets.{cls}", archive)
    assert get() == get() == tmp_path / "downloads" / inside
    assert archive.times == 1
    (tmp_path / "downloads" / inside).rmdir()
    assert get().is_dir() and archive.times == 2, "a folder that is gone is fetched again"


def test_what_broke_off_is_not_taken_for_the_whole(monkeypatch, tmp_path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    transforms.torchaudio()
    broken = Archive("waves_yesno", RuntimeError("the archive\n  came in half"))
    monkeypatch.setattr("torchaudio.datasets.YESNO", broken)
    for _ in range(2):
        with pytest.raises(PluginError, match=r"cannot be downloaded \(the archive came in half\)"):
            downloads.yesno()
    assert broken.times == 2
    monkeypatch.setattr("torchaudio.datasets.YESNO", Archive("waves_yesno"))
    assert downloads.yesno().is_dir()


@pytest.mark.parametrize("error", [RuntimeError(), RuntimeError("x" * 5000)])
def test_a_reason_is_short_and_never_empty(error, monkeypatch, tmp_path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    transforms.torchaudio()
    monkeypatch.setattr("torchaudio.datasets.YESNO", Archive("waves_yesno", error))
    with pytest.raises(PluginError, match=r"\((RuntimeError|x{200})\).*https://www.openslr.org/1") as refused:
        downloads.yesno()
    assert "--data folder" in str(refused.value)
