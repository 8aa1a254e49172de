"""A study of four kinds of samples, some of them hostile, with one verdict in each domain."""

import io
import wave
from pathlib import Path

from detente.report import study_report
from detente.results.outcomes import Outcome
from detente.results.table import write_results
from pages import EVIL, PNG, write_cell, write_study

LONG = "a sentence without an end " * 400  # 10,400 characters
PICTURE = b"""<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40" onload="window.hit=1">
<script>window.hit = 1; parent.hit = 1</script><image href="https://example.org/x.png"/>
<circle cx="30" cy="20" r="15" fill="teal"/></svg>"""


def sound(seconds: float = 0.5, rate: int = 8000) -> bytes:
    """A tone as a WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(((i * 440 % rate) * 4).to_bytes(2, "little") for i in range(int(seconds * rate))))
    return out.getvalue()


def ogg() -> bytes:
    """The tone as Vorbis where soundfile is installed, else as a WAV once more, whose content tells its kind."""
    try:
        import numpy as np
        import soundfile
    except ImportError:
        return sound()
    out = io.BytesIO()
    soundfile.write(out, np.sin(np.arange(8000) / 3).astype("float32") / 4, 16000, format="OGG", subtype="VORBIS")
    return out.getvalue()


def write_page(folder: Path) -> Path:
    """Its page."""
    study = write_study(folder, ["none", "r1", EVIL], domains=["image", "sound", "words", "molecule"], seeds=range(8))
    for cell in study.cells:
        better = 0.3 + 0.01 * (-1) ** cell.seed if cell.arm.text == "r1" else 0.0
        write_cell(cell, "finished", (0.1, 0.4 + better + 0.01 * (cell.seed * 7 % 5)), suffix=".png", content=PNG)
        cell.run.record({"start": "untrained"})
        kind = {"sound": ".wav", "words": ".txt", "molecule": ".svg"}.get(cell.domain)
        if kind:
            for old in cell.run.samples.iterdir():
                old.unlink()
        if cell.domain == "sound":
            (cell.run.samples / "step-000020.png").write_bytes(PNG)
            (cell.run.samples / "step-000020-1.wav").write_bytes(sound())
            (cell.run.samples / "step-000020-2.ogg").write_bytes(ogg())
            (cell.run.samples / "step-000020-1.png").write_bytes(PNG)
        elif cell.domain == "words":
            (cell.run.samples / "step-000020.txt").write_text(f"{EVIL}\n{LONG}\n</pre></svg>\n\u202eright to left")
        elif cell.domain == "molecule":
            (cell.run.samples / "step-000020.svg").write_bytes(PICTURE)
    for row in ("real", "untrained"):
        (study.cells[0].run.samples / f"{row}.png").write_bytes(PNG)
    write_results(study.results, study.primaries, [Outcome.of(cell) for cell in study.cells])
    return study_report(folder)
