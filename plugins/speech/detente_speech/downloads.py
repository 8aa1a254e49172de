"""Data that torchaudio.datasets downloads, kept below the cache."""

import logging
from pathlib import Path

from detente import PluginError, cache_folder
from detente.compat import torchaudio

_progress = logging.getLogger("detente.progress")


def yesno() -> Path:
    """The folder of YesNo's recordings.

    Raises:
        PluginError: it is not there and cannot be downloaded.
    """
    return _there("yesno", "YESNO", "waves_yesno", "https://www.openslr.org/1")


def speech_commands() -> Path:
    """The folder that has one of each word of Speech Commands.

    Raises:
        PluginError: it is not there and cannot be downloaded.
    """
    about = "https://www.tensorflow.org/datasets/catalog/speech_commands"
    return _there("speechcommands", "SPEECHCOMMANDS", "SpeechCommands/speech_commands_v0.02", about)


def _there(name: str, cls: str, inside: str, about: str) -> Path:
    root = cache_folder() / "downloads"
    found = root / inside
    done = root / f"{name}.complete"
    if done.exists() and found.is_dir():
        return found
    _progress.info("%s: downloading", name)
    try:
        from importlib import import_module

        torchaudio()
        root.mkdir(parents=True, exist_ok=True)
        getattr(import_module("torchaudio.datasets"), cls)(str(root), download=True)
        done.touch()
    except Exception as error:  # a network fails in many ways, and so does an archive that came in half
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise PluginError(
            f"data {name!r} cannot be downloaded ({reason}). With network access torchaudio downloads it;"
            f" otherwise download it yourself ({about}) and use --data folder --set data.path=DIR."
        ) from error
    return found
