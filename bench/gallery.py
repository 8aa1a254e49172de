"""Samples of a trained generator of each kind of data: `python -m bench.gallery [RUNS [PLACE]]`, or `make gallery`.

What is not yet in RUNS is trained first, half an hour on one core; the rest comes from the runs alone.
Samples are the first ones of a seed that no run used: none is picked.
"""

import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import detente
from bench.markdown import escaped, table
from detente.report.page import number
from detente.results import read
from detente.training.generator import Samples

SEED = 1
SENTENCES = 12
_FALLS = "lr={from: 2.0e-3, to: 0.0, shape: cosine}"
_CONDITIONAL = ("--set", "model.conditional=true")
_FALLING = ("--set", f"generator.optimizer.{_FALLS}", "--set", f"discriminator.optimizer.{_FALLS}")


@dataclass(frozen=True)
class Exhibit:
    """One generator.

    Attributes:
        name: of its run's folder and of its files.
        title: the heading.
        about: what a reader should know: data, licence.
        arguments: of `detente train`.
        shown: the scores that the page gives, the primary one first.
        caption: what the picture is, for those who cannot see it.
    """

    name: str
    title: str
    about: str
    arguments: tuple[str, ...]
    shown: tuple[str, ...]
    caption: str


EXHIBITS = (
    Exhibit(
        "digits",
        "Digits",
        "5,000 digits of MNIST, 32 × 32; a row for each class that was asked for.",
        ("image", "--reg", "r1", *_CONDITIONAL, *_FALLING, "--steps", "8000"),
        ("frechet", "coverage", "class-accuracy"),
        "Generated handwritten digits, a row of each class",
    ),
    Exhibit(
        "emoji",
        "Emoji",
        "1,859 drawings by [OpenMoji](https://openmoji.org), 32 × 32 in colour; drawings and samples are CC BY-SA 4.0.",
        ("image", "--data", "emoji", "--reg", "r1(gamma=1)+g:ema", *_FALLING),
        ("frechet", "coverage", "diversity"),
        "A grid of generated emoji",
    ),
    Exhibit(
        "speech",
        "Speech",
        "Half-second pieces of recorded voices in five languages, as log-mels of 40 bands; Griffin–Lim makes them "
        "audible, at 8 kHz. The voices are those of Allison Smith, June Wallack, Carlo Flora and Maxim Topal, CC BY-SA "
        "3.0 and CC BY 3.0. A row for each voice that was asked for; the baseline is a Gaussian fitted to log-mels.",
        ("speech", "--reg", "r1(gamma=1,every=4)+g:ema", *_CONDITIONAL, "--precision", "bf16", "--steps", "6000"),
        ("frechet", "coverage", "class-accuracy", "dnsmos-ovr"),
        "Generated log-mel spectrograms, a row of each voice",
    ),
    Exhibit(
        "text",
        "Text",
        "Clauses of 4 to 16 words of the Bible in Basic English, which is in the public domain in the US. The baseline "
        "is the warm-up by maximum likelihood, which the adversary does not improve on here.",
        ("text", "--reg", "d:r1+g:ema"),
        ("frechet", "fluency", "self-bleu-4", "uniqueness"),
        "",
    ),
    Exhibit(
        "molecules",
        "Molecules",
        "QM9: up to nine atoms of carbon, nitrogen, oxygen and fluorine, as graphs of atoms and bonds.",
        ("molecule", "--set", "objective=wasserstein", "--reg", "gradient-penalty"),
        ("valid-unique-novel", "validity", "uniqueness", "novelty"),
        "Drawings of generated small molecules",
    ),
    Exhibit(
        "drugs",
        "Drug-like molecules",
        "10,000 molecules of a screening library that comes with RDKit, as SELFIES: every string is a molecule.",
        ("molecule", "--data", "wehi"),
        ("frechet", "uniqueness", "novelty", "qed"),
        "Drawings of generated drug-like molecules",
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Train what is missing in RUNS (studies/gallery), and write PLACE/gallery.md and PLACE/gallery/ (docs)."""
    if len(arguments) > 2:
        sys.stderr.write(
            "Give a folder for the runs, and where the page goes: bench.gallery [studies/gallery [docs]]\n"
        )
        return 2
    runs = Path(arguments[0] if arguments else "studies/gallery")
    place = Path(arguments[1] if len(arguments) > 1 else "docs")
    for exhibit in EXHIBITS:
        if not (runs / exhibit.name).exists():
            command = [
                sys.executable,
                "-m",
                "detente",
                "train",
                *exhibit.arguments,
                "--folder",
                str(runs / exhibit.name),
            ]
            subprocess.run(command, check=True)
    (place / "gallery").mkdir(parents=True, exist_ok=True)
    (place / "gallery.md").write_text("\n".join(page(runs, place / "gallery")) + "\n", encoding="utf-8")
    sys.stdout.write(f"{place / 'gallery.md'}\n")
    return 0


def page(runs: Path, files: Path) -> Iterator[str]:
    """The page; its pictures and sounds go to `files`."""
    yield "# Gallery"
    yield ""
    yield "What generators of minutes on one processor core make. The samples are the first ones of random seed"
    yield f"{SEED}; none is picked. `make gallery` trains all of them and writes this page."
    yield ""
    for exhibit in EXHIBITS:
        yield from section(exhibit, runs / exhibit.name, files)
    yield "What these scores mean stands with each kind of data: [images](kinds/image.md), [text](kinds/text.md),"
    yield "[speech](kinds/speech.md), [molecules](kinds/molecule.md). Which regularizer helps where is in"
    yield "[Which regularizer, how strong, combined with what](how-to/choose.md)."


def section(exhibit: Exhibit, run: Path, files: Path) -> Iterator[str]:
    """One generator: command, scores beside those of real data and of no training, samples."""
    tables = read(run, pandas=False)
    yield f"## {exhibit.title}"
    yield ""
    yield f"{exhibit.about} {tables.runs[0]['step']:,} steps:"
    yield ""
    yield "```text"
    yield shlex.join(["detente", "train", *exhibit.arguments])
    yield "```"
    yield ""
    yield from scores(exhibit, tables.scores)
    generator = detente.load(run)
    labels = None
    if generator.model.conditional and generator.space.classes:
        labels = [c for c in range(generator.space.classes) for _ in range(generator.domain.preview_row)]
    n = len(labels) if labels else max(generator.domain.preview_count, SENTENCES)
    yield from shown(exhibit, generator.sample(n, labels=labels, seed=SEED), files)


def scores(exhibit: Exhibit, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The scores of these samples' generator, and of the reference rows."""
    values: dict[str, dict[str, float]] = {}
    for row in rows:
        values.setdefault(row["arm"] if row["reference"] else "this generator", {})[row["score"]] = row["value"]
    yield from table(
        ["", *exhibit.shown], [[arm, *(number(of.get(name)) for name in exhibit.shown)] for arm, of in values.items()]
    )


def shown(exhibit: Exhibit, samples: Samples, files: Path) -> Iterator[str]:
    """What the samples look or sound like; whatever a preview writes stands on the page."""
    if not exhibit.caption:
        yield from (f"> {escaped(line)}  " for line in samples.text[:SENTENCES])
        yield ""
        return
    picture = files / f"{exhibit.name}{samples.domain.preview_suffix}"
    samples.domain.preview(samples.tensors, picture)
    yield f"![{exhibit.caption}](gallery/{picture.name})"
    yield ""
    for beside in sorted(files.glob(f"{exhibit.name}-*")):
        if beside.suffix == ".ogg":
            yield f'<audio controls src="gallery/{beside.name}" title="{exhibit.title} {beside.stem[-1]}"></audio>'
        elif beside.suffix == ".txt":
            yield f"[As text](gallery/{beside.name})"
        else:
            beside.unlink()  # single samples, which the picture has as well
    yield ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
