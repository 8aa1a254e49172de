"""Where recordings come from: Debian packages, folders, archives. Everything ends as clips of int16 at 16 kHz."""

import io
import logging
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from detente import Packed, PluginError, archived, enumerated, files_below, packed, shown
from detente_speech.sounds import RATE, full_scale, read_sound

PIECE = 10.0
"""Seconds; longer recordings of a user are cut into pieces, each of which goes to one split."""

_progress = logging.getLogger("detente.progress")
_SPOKEN_DIGIT = re.compile(r"(\d)_[^/_]+_\d+\.wav", re.IGNORECASE)


class Clip(NamedTuple):
    """One recording, or a piece of one."""

    name: str
    audio: np.ndarray
    """int16 [n] at 16 kHz."""
    label: int = 0


class Package(NamedTuple):
    """A Debian package of recordings in one language by one voice."""

    language: str
    voice: str
    clips: int
    digest: str
    """Of names and contents, as `content` computes it."""

    @property
    def name(self) -> str:
        """What apt calls it."""
        return f"asterisk-core-sounds-{self.language}-g722"


PACKAGES = (
    Package("en", "Allison Smith", 568, "111623c9e09a6504764837910eef97a97218c23dafd308eda53c57c303230a14"),
    Package("es", "Allison Smith", 527, "0b7d4fd6b290f8cd64610872a15dec9f10fa1381dd8aaa062fe3a66f12c5e0cf"),
    Package("fr", "June Wallack", 561, "064de7e0e92ae0d0991ac7355e49c7608343b00a831bc75dadbdccbf4dd5e9d3"),
    Package("it", "Carlo Flora", 599, "3caa61e344bb762bf9eac8d423c132ee55b52f6c227314e03b596245dbb675ea"),
    Package("ru", "Maxim Topal", 576, "094007325301c68ceab826ed4b2b495975ab55f59e6b0a7705b512fb489af932"),
)
_OTHERS = (
    "Other data: --data folder --set data.path=DIR for recordings of yours, --data fsdd --set data.path=ARCHIVE for the"
    " Free Spoken Digit Dataset, --data yesno or speechcommands where a network allows"
)


def fetch_prompts() -> list[Clip]:
    """All recorded prompts, decoded; the label is the voice.

    What was fetched is kept as it was published, so that new code decodes it anew without a network.

    Raises:
        PluginError: apt is missing or finds no network, or the recordings are not those that this plugin knows.
    """
    made_of = {"data": "prompts", "coded": [package.digest for package in PACKAGES]}
    of = packed("speech", made_of, _fetched, version="as published")
    names, labels = of.arrays["names"].tolist(), of.arrays["labels"].tolist()
    coded = np.split(of.arrays["coded"], np.cumsum(of.arrays["bytes"])[:-1])
    return [
        Clip(name.decode(), read_g722(part.tobytes()), label)
        for name, part, label in zip(names, coded, labels, strict=True)
    ]


def _fetched() -> Packed:
    """The files of all packages, fetched by apt into a temporary folder and verified.

    Nothing is installed and no rights are needed: apt gets lists and a cache of its own.
    """
    missing = [tool for tool in ("apt-get", "dpkg") if shutil.which(tool) is None]
    if missing:
        raise PluginError(
            f"data 'prompts' are downloaded with apt, and there is no {missing[0]} on this machine (only "
            f"Debian and its relatives have it). {_OTHERS}."
        )
    names: list[bytes] = []
    labels: list[int] = []
    coded: list[np.ndarray] = []
    with tempfile.TemporaryDirectory(prefix="detente-prompts-") as folder:
        apt = _Apt(Path(folder))
        _progress.info("prompts: updating apt's package lists")
        apt.update()
        for i, package in enumerate(PACKAGES):
            _progress.info("prompts: fetching %s, %d of %d", package.name, i + 1, len(PACKAGES))
            files = sorted(f for f in apt.fetch(package.name).rglob("*.g722") if f.is_file())
            if len(files) != package.clips or content(files) != package.digest:
                raise PluginError(
                    f"data 'prompts': {package.name} is not the release 1.6.1 that this plugin knows, so scores would"
                    f" not be comparable. {_OTHERS}."
                )
            for file in files:
                names.append(f"{package.language}/{file.stem}".encode())
                labels.append(i)
                coded.append(np.frombuffer(file.read_bytes(), np.uint8))
            _progress.info("prompts: fetched %d clips", len(names))
    sizes = np.array([len(part) for part in coded], np.int64)
    arrays = {"names": np.array(names), "labels": np.array(labels, np.int64), "bytes": sizes}
    return Packed({**arrays, "coded": np.concatenate(coded)}, {"all": len(names)})


class _Apt:
    """apt with lists and a cache below `folder`, so that it works for anyone and changes nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        settings = {
            "Dir::State::Lists": folder / "lists",
            "Dir::Cache": folder / "cache",
            "APT::Sandbox::User": "root",  # it may not read a private folder as the user that apt changes to
            "Acquire::Retries": 2,
            "Acquire::http::Timeout": 30,
        }
        self.options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]

    def update(self) -> None:
        """Get the lists; a source that fails need not be the one that is wanted, so nothing is raised here."""
        self._run(["apt-get", "-q", *self.options, "update"], check=False)

    def fetch(self, package: str) -> Path:
        """Where the content of a package is, after `apt-get download` and `dpkg -x`."""
        unpacked = self.folder / package
        unpacked.mkdir()
        self._run(["apt-get", "-q", *self.options, "download", package])
        (found,) = self.folder.glob(f"{package}_*.deb")
        self._run(["dpkg", "-x", str(found), str(unpacked)])
        found.unlink()
        return unpacked

    def _run(self, command: list[str], check: bool = True) -> None:
        try:
            done = subprocess.run(
                command, cwd=self.folder, capture_output=True, text=True, errors="replace", timeout=900, check=False
            )
            said = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()[-1:]
            failed = done.returncode != 0
        except (OSError, subprocess.TimeoutExpired) as error:
            said, failed = [str(error)], True
        if failed and check:
            what = " ".join(word for word in command if word not in self.options)
            raise PluginError(f"data 'prompts': `{what}` failed ({' '.join(said)[:300]}). {_OTHERS}.")


def content(files: Iterable[Path]) -> str:
    """SHA-256 of the names and contents of files."""
    h = sha256()
    for file in files:
        name = f"{file.parent.name}/{file.name}".encode("utf-8", "surrogateescape")  # names need not be UTF-8
        h.update(name + sha256(file.read_bytes()).digest())
    return h.hexdigest()


def read_g722(coded: bytes) -> np.ndarray:
    """Decode ITU-T G.722 at 64 kbit/s: int16 at 16 kHz, two samples a byte."""
    import G722  # compiled, and needed here alone

    decoder: Any = G722.G722(RATE, 64000)
    return np.array(decoder.decode(coded), dtype=np.int16) if coded else np.zeros(0, np.int16)


def pieces(name: str, audio: np.ndarray, label: int = 0) -> Iterator[Clip]:
    """A recording as clips of `PIECE` seconds; the last may be shorter."""
    size = round(PIECE * RATE)
    for i, start in enumerate(range(0, len(audio), size)):
        yield Clip(f"{name} {i}" if len(audio) > size else name, audio[start : start + size], label)


class Read(NamedTuple):
    """What a set of files came to."""

    clips: list[Clip]
    broken: list[str]
    """Those that cannot be read, with the reason."""
    files: int
    notes: list[str]
    """Sentences about the others."""


def read_files(where: Path, files: Sequence[Path], label: Callable[[Path], int]) -> Read:
    """Clips of all files that can be read, all floating-point ones on one scale."""
    clips: list[Clip] = []
    broken: list[str] = []
    scale, said = full_scale(files)
    for i, file in enumerate(files):
        name = shown(file.relative_to(where))
        try:
            clips += pieces(name, read_sound(file, scale), label(file))
        except ValueError as error:
            broken.append(f"{name} ({error})")
        if (i + 1) % 200 == 0:
            _progress.info("%s: read %d of %d recordings", shown(where.name), i + 1, len(files))
    return Read(clips, broken, len(files), said)


def spoken_digits(place: Path) -> Read:
    """The recordings `<digit>_<speaker>_<number>.wav` in a folder, a zip or a tar archive; the label is the digit.

    Raises:
        PluginError: there is no such place, no such recording in it, or none can be read.
    """
    if place.is_dir():
        files = [file for file in files_below(place, (".wav",)) if _digit(file.name) is not None]
        found = read_files(place, files, lambda file: _digit(file.name) or 0)
    else:
        found = _archived_digits(place)
    if found.broken and not found.clips:
        raise PluginError(
            f"data 'fsdd' cannot read {shown(place)} ({enumerated(found.broken)}). Download the archive again."
        )
    if not found.clips:
        raise PluginError(
            f"data 'fsdd': no recording such as 7_jackson_32.wav in {shown(place)}. Set data.path to another folder or"
            " archive."
        )
    return found


def _archived_digits(place: Path) -> Read:
    clips: list[Clip] = []
    broken: list[str] = []
    try:
        for path, content in archived(place, (".wav",)):
            label, name = _digit(path.rpartition("/")[2]), shown(path)
            if label is not None:
                try:
                    clips += pieces(name, read_sound(io.BytesIO(content)), label)
                except ValueError as error:
                    broken.append(f"{name} ({error})")
    except ValueError as error:
        raise PluginError(f"data 'fsdd' cannot read {shown(place)} ({error}). Download the archive again.") from error
    clips.sort(key=lambda clip: clip.name)  # archives have an order of their own
    return Read(clips, broken, len(clips) + len(broken), [])


def _digit(name: str) -> int | None:
    found = _SPOKEN_DIGIT.fullmatch(name)
    return int(found[1]) if found else None
