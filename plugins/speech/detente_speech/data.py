"""The data sets: prompts downloaded with apt, your own folder, spoken digits, and data sets of torchaudio."""

import os
from pathlib import Path

from detente import (
    PluginError,
    UsageError,
    enumerated,
    file_of,
    files_below,
    folder_of,
    found_below,
    shown,
    stamps,
)
from detente_speech import downloads, sources
from detente_speech.recordings import Recordings, clipped, loud, padded
from detente_speech.sounds import SOUNDS
from detente_speech.sources import Clip, Read


class Prompts(Recordings):
    """Announcements of telephone exchanges: 2,831 clips, 131 minutes, five languages, four voices, recorded in studios.

    The label is the voice in its language. 50 clips are silent and are not used.

    Raises:
        PluginError: they are not in the cache yet, and apt or a network is missing.
    """

    description = "2,831 recorded announcements in English, Spanish, French, Italian and Russian, 131 minutes"
    licence = (
        "en, es: Allison Smith (theivrvoice.com), CC BY-SA 3.0; fr: June Wallack (junewallack.com), CC BY-SA 3.0;"
        " it: Carlo Flora (carloflora.com), CC BY 3.0; ru: Maxim Topal (ivrvoice.ru), CC BY 3.0"
    )
    source = "core sounds of Asterisk 1.6.1, Debian packages asterisk-core-sounds-{en,es,fr,it,ru}-g722"

    def __init__(self) -> None:
        content = [package.digest for package in sources.PACKAGES]
        names = [f"{package.language} {package.voice}" for package in sources.PACKAGES]
        super().__init__(
            {"data": "prompts", "content": content}, lambda: (sources.fetch_prompts(), []), extracts=True, names=names
        )


class Folder(Recordings):
    """The recordings in a folder and its subfolders, with any sampling rate and number of channels.

    Channels are averaged, all is resampled to 16 kHz. Floating-point recordings get one full scale for the whole
    folder. Files that cannot be read are listed and skipped; recordings longer than 10 s are cut, and each piece goes
    to one split. 15 % of the clips are held out and 15 % are the reference, 750 crops each at most.

    Args:
        path: the folder.

    Raises:
        UsageError: there is no such folder, no readable recording in it, or all are silent.
    """

    description = "the recordings in your own folder"
    licence = "yours"

    def __init__(self, path: str) -> None:
        where = folder_of(path, "folder")
        files, said = found_below(where, SOUNDS, "folder")
        if not files:
            raise UsageError(
                " ".join([f"folder: no recording in {shown(path)}; looked for {' '.join(SOUNDS)}.", *said])
            )
        super().__init__(
            {"data": "folder", "path": str(where), "files": stamps(files, where)},
            lambda: _told("folder", where, sources.read_files(where, files, lambda f: 0)),
            said=said,
        )
        self.source = shown(where)


def _told(name: str, where: Path, read: Read) -> tuple[list[Clip], list[str]]:
    """Clips of files, and what is to be said about them and about those that bring none."""
    clips, broken, files, said = read
    if not clips:
        raise UsageError(f"{name}: none of the {files} recordings in {shown(where)} can be read: {enumerated(broken)}.")
    notes = [f"{name}: {note}" for note in said]
    if broken:
        notes.insert(0, f"{name}: skipped {len(broken)} of {files} files that cannot be read: {enumerated(broken)}.")
    silent = [clip.name for clip in clips if not loud(padded(clip.audio))]
    if silent:
        notes.append(
            f"{name}: {len(silent)} of {len(clips)} clips are silent, or the same value throughout, and left out:"
            f" {enumerated(silent)}."
        )
    cut = [clip.name for clip in clips if clipped(clip.audio)]
    if cut:
        notes.append(
            f"{name}: {len(cut)} of {len(clips)} clips have more than a tenth of their samples at full scale: they were"
            f" recorded or stored too loud. They are used: {enumerated(cut)}."
        )
    return clips, notes


class SpokenDigits(Recordings):
    """The Free Spoken Digit Dataset: 3,000 recordings of ten digits by six speakers, from your own folder or archive.

    The label is the digit.

    Args:
        path: the folder `recordings`, or an archive (zip, tar) that holds it.

    Raises:
        PluginError: it is not there.
    """

    description = "3,000 spoken English digits by six speakers"
    licence = "CC BY-SA 4.0, Zohar Jackson and others"
    source = "https://github.com/Jakobovski/free-spoken-digit-dataset"

    def __init__(self, path: str = "") -> None:
        place = os.path.expanduser(path)
        if not path or not os.path.exists(place):
            raise PluginError(
                f"data 'fsdd': {shown(path) or 'the archive'} was not found. Download an archive of"
                f" {self.source} and use --set data.path=ARCHIVE (or a folder with its recordings)."
            )
        where, said = (folder_of if os.path.isdir(place) else file_of)(path, "data 'fsdd'"), list[str]()
        files, root = [where], where.parent
        if where.is_dir():
            (files, said), root = found_below(where, (".wav",), "fsdd"), where
        super().__init__(
            {"data": "fsdd", "path": str(where), "files": stamps(files, root)},
            lambda: _told("fsdd", where, sources.spoken_digits(where)),
            names=[str(digit) for digit in range(10)],
            said=said,
        )


class YesNo(Recordings):
    """60 recordings of a man who says yes and no in Hebrew, eight times each: 6 minutes.

    Raises:
        PluginError: they are not in the cache yet, and cannot be downloaded.
    """

    description = "60 recordings of Hebrew yes and no, one voice"
    licence = "see https://www.openslr.org/1"
    source = "OpenSLR 1, by torchaudio.datasets"

    def __init__(self) -> None:
        def read() -> tuple[list[Clip], list[str]]:
            where = downloads.yesno()
            return _told("yesno", where, sources.read_files(where, files_below(where, SOUNDS), lambda file: 0))

        super().__init__({"data": "yesno"}, read)


class SpeechCommands(Recordings):
    """Single words by thousands of speakers; the label is the word.

    Args:
        words: which, separated by spaces. The ten digits are the set of Donahue et al. 2019: 38,908 recordings, 2.5 GB
            in the cache.

    Raises:
        PluginError: they are not in the cache yet, and cannot be downloaded.
        UsageError: a word is not in the set.
    """

    description = "single words by thousands of speakers"
    licence = "CC BY 4.0, Pete Warden (Google)"
    source = "Speech Commands 0.02, by torchaudio.datasets"

    def __init__(self, words: str = "zero one two three four five six seven eight nine") -> None:
        chosen = list(dict.fromkeys(words.split()))

        def told() -> tuple[list[Clip], list[str]]:
            where = downloads.speech_commands()
            missing = [word for word in chosen if not (where / word).is_dir()]
            if missing or not chosen:
                raise UsageError(
                    f"speechcommands: words={words!r}, but {missing or 'nothing'} is not a word of the data set."
                )
            files = [file for word in chosen for file in files_below(where / word, SOUNDS)]
            read = sources.read_files(where, files, lambda file: chosen.index(file.parent.name))
            return _told("speechcommands", where, read)

        super().__init__({"data": "speechcommands", "words": chosen}, told, names=chosen)
