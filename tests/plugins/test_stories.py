"""People with their own data leave with what they came for: five stories, small, through the command line.

What each ends with at its full size stands in the plugins' READMEs.
"""

import csv
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

import detente
from command_line import Call, Done
from detente import cli
from detente.experiments import compare, tune
from searches import InProcess
from voices import spoken

_DRUGS = """CC(=O)Oc1ccccc1C(=O)O CC(C)Cc1ccc(C(C)C(=O)O)cc1 Cn1cnc2c1c(=O)n(C)c(=O)n2C CC(=O)Nc1ccc(O)cc1
CN1CCCC1c1cccnc1 OC(=O)c1ccccc1O NS(=O)(=O)c1cc(C(=O)O)ccc1Cl CC1(C)SC2C(NC(=O)Cc3ccccc3)C(=O)N2C1C(=O)O
CCN(CC)CCNC(=O)c1ccc(N)cc1 COc1ccc2[nH]cc(CCNC(C)=O)c2c1"""
DRUGS = list(dict.fromkeys("C" * k + drug for k in range(8) for drug in _DRUGS.split() if drug[0] in "CNO"))


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are trained here, which takes a second where workers take ten."""
    for verb in (compare, tune):
        monkeypatch.setattr(verb, "LocalExecutor", lambda jobs, blocked: InProcess())


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: object) -> Done:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return Done(code, *capsys.readouterr())

    return run


def pictures(folder: Path, n: int) -> None:
    """Of several sizes, some of them odd, and two that are none."""
    folder.mkdir(parents=True)
    draws = np.random.Generator(np.random.PCG64(0))
    for i in range(n):
        size = [(48, 48), (64, 40), (33, 90), (128, 128)][i % 4]
        base = draws.integers(0, 255, (3, 3, 3), np.uint8)
        picture = Image.fromarray(base).resize(size, Image.Resampling.BICUBIC)
        picture.save(folder / (f"holiday {i}.png" if i % 3 else f"holiday-{i}.jpg"))
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (folder / "notes.txt").write_text("not a picture")


@pytest.mark.slow
def test_pictures_end_in_an_answer_between_two_arms_and_twenty_files(call: Call) -> None:
    pictures(Path("my photos"), 60)
    small = ["--steps", 4, "--batch", 8, "--set", "model.width=4", "--seeds", 2, "--out", "study"]
    study = call("compare", "image", "--data", "./my photos", "--reg", "none", "--reg", "r1", *small)
    assert study.code == 0, study.err
    # Before training: how many, how long, what it can show, what became of the files, what so few are worth.
    for said in (
        "4 runs: 1 domain × 2 arms × 2 seeds",
        "About ",
        "skipped 1 of 61 files",
        "fewer than ten times as many",
    ):
        assert said in study.err
    assert study.err.count("skipped 1 of 61 files") == 1
    assert "60 pictures of 48 × 48 to 128 × 128 pixels became 32 × 32, scaled and cropped in the middle" in study.err
    assert "frechet-extrapolated" in Path("study/study.yaml").read_text()
    assert re.search(r"2 pairs|2 seeds", study.out)  # what they can show
    assert call("sample", "study", "-n", 20, "--out", "twenty", "--arm", "r1").code == 0
    files = sorted(Path("twenty").glob("*.png"))
    assert len([file for file in files if file.stem.isdecimal()]) == 20
    page = Path("study/report.html").read_text()
    assert page.count("skipped 1 of 61 files") == 1 and "samples train" in page
    # Two files of data: results, and the cost of a step where it was measured.
    row = next(csv.DictReader(io.StringIO(Path("study/results.csv").read_text())))
    assert "memory_bytes" not in row and row["seconds_per_step"] == ""  # of 4 steps nothing can be said


@pytest.mark.slow
def test_a_chemists_table_becomes_valid_molecules_with_their_drug_likeness(call: Call) -> None:
    rows = "".join(f"CHEM{i:04d},{one},{6 + i % 3}.5\n" for i, one in enumerate(DRUGS))
    Path("table.csv").write_text("ID,Canonical_Smiles,pIC50\n" + rows)
    run = call(
        "train", "molecule", "--data", "table.csv", "--steps", 3, "--set", "model.warm_up_steps=3", "--folder", "run"
    )
    assert run.code == 0, run.err
    assert "column 2 is taken" in run.err
    assert call("sample", "run", "-n", 30, "--out", "new").code == 0
    found = list(csv.DictReader(io.StringIO(Path("new/molecules.csv").read_text())))
    assert len(found) == 30 and all(0 < float(row["qed"]) < 1 and row["smiles"] for row in found)


def test_a_run_without_a_valid_molecule_says_why_and_what_next(call: Call) -> None:
    Path("m.smi").write_text("\n".join(DRUGS))
    run = call("train", "molecule", "--data", "m.smi", "--model", "molgan", "--steps", 2, "--folder", "run")
    assert run.code == 0, run.err
    assert re.search(r"no valid molecule among \d+: \d+ (have|are) .*--model", run.out)


@pytest.mark.slow
def test_recordings_make_a_vocoder_that_is_ranked_by_what_matters_and_heard_by_numbers(call: Call) -> None:
    Path("recordings").mkdir()
    for i in range(24):
        soundfile.write(f"recordings/{i}.wav", spoken(1.3, i), 16000)
    soundfile.write("new.wav", spoken(1.5, 99), 16000)
    small = ["--set", "model.width=8", "--set", "model.blocks=1", "--set", "model.rate=8000", "--batch", 4]
    small += ["--set", "metrics=[frechet, vocoding]"]
    run = call("train", "speech", "--data", "recordings", "--model", "vocoder", "--steps", 2, *small, "--folder", "run")
    assert run.code == 0, run.err
    assert "mel-distance *" in run.out
    heard = call("vocode", "run", "new.wav")
    assert heard.code == 0 and Path("new-vocoded.wav").is_file()
    assert re.search(r"mel distance \d\.\d+, STOI (\d\.\d\d|not measured), level [+-]\d+\.\d dB", heard.out)


@pytest.mark.slow
def test_a_french_text_trains_on_four_fifths_of_its_lines_and_comes_back_with_its_apostrophes(call: Call) -> None:
    who, what = (
        ["l’enfant", "l'ami d'un voisin", "elle", "qu'il", "la dame"],
        ["mange", "n'aime pas", "voit", "cherche"],
    )
    where = ["l'eau", "des pommes", "le jardin", "l’été", "un arbre", "ce qu'elle veut", "aujourd'hui"]
    lines = [f"{a.capitalize()} {b} {c} {n}." for a in who for b in what for c in where for n in ("ici", "encore")]
    Path("texte.txt").write_text("\n".join(lines), encoding="utf-8")
    small = [
        "--set",
        "model.width=16",
        "--set",
        "model.warm_up_steps=30",
        "--steps",
        2,
        "--batch",
        8,
        "--folder",
        "run",
    ]
    run = call("train", "text", "--data", "texte.txt", *small)
    assert run.code == 0, run.err
    assert "does not look like English" in run.err
    trained = re.search(r"(\d+) samples train", Path("run/report.html").read_text())
    assert trained and int(trained[1]) >= 0.8 * len(lines)
    assert call("sample", "run", "-n", 40, "--out", "phrases").code == 0
    text = Path("phrases/samples.txt").read_text(encoding="utf-8")
    # Words that were taken apart are together again.
    assert re.search(r"l'\w", text) and not re.search(r"l' \w", text)


@pytest.mark.slow
def test_what_was_trained_can_be_used_after_data_and_folders_have_moved(call: Call, tmp_path: Path) -> None:
    pictures(tmp_path / "data" / "photos", 60)
    small = [
        "--steps",
        2,
        "--batch",
        8,
        "--set",
        "model.width=4",
        "--set",
        "metrics=[frechet]",
        "--set",
        "metric=frechet",
    ]
    assert call("train", "image", "--data", tmp_path / "data" / "photos", *small, "--folder", "run").code == 0
    assert call("export", "run", "--out", "export").code == 0
    shutil.move(tmp_path / "data", tmp_path / "elsewhere")
    shutil.move("run", tmp_path / "moved")
    for folder, out in ((tmp_path / "moved", "a"), ("export", "b")):
        assert call("sample", folder, "-n", 2, "--out", out).code == 0
        assert len(list(Path(out).glob("*.png"))) >= 2
    assert len(detente.load(tmp_path / "moved").sample(3, seed=1).images) == 3
    assert call("export", tmp_path / "moved", "--out", "again").code == 0
    lacks = call("evaluate", tmp_path / "moved")
    assert lacks.code in (2, 3) and "photos" in lacks.err and "Traceback" not in lacks.err


@pytest.mark.slow
def test_a_search_is_used_by_its_winner(call: Call) -> None:
    small = ["--steps", 4, "--trials", 1, "--seeds", 1, "--fresh", 2, "--batch", 8, "-q"]
    words = ["dirac", "--reg", "r1", "--search", "r1.gamma=choice:0.1,1", "--out", "search"]
    assert call("tune", *words, *small).code == 0
    assert [call(use, "search").code for use in ("sample", "evaluate", "export")] == [0, 0, 0]
    assert len(detente.load("search").sample(3)) == 3
    assert "fresh" in str(detente.load("search").folder)  # trained on seeds that the search did not see


@pytest.mark.slow
def test_three_regularizers_in_two_kinds_of_data_end_as_a_table_and_figures_for_a_paper(call: Call) -> None:
    arms = ["none", "l2(weight=0.01)", "r1", "spectral-norm"]
    small = ["--steps", 4, "--batch", 8, "--set", "samples=60", "--seeds", 1, "--log", "tensorboard", "--out", "study"]
    words = [part for arm in arms for part in ("--reg", arm)]
    done = call("compare", "image", "molecule", *words, *small)
    assert done.code == 0, done.err
    table = call("report", "study", "--latex").out
    assert table.count(r"\begin{tabular}") == table.count(r"\end{tabular}") >= 1
    for mark in (r"\toprule", r"\midrule", r"\bottomrule", "image", "molecule", "spectral-norm"):
        assert mark in table
    rows = [line for line in table.splitlines() if line.rstrip().endswith(r"\\") and "r1" in line]
    assert len(rows) == 2  # one in each kind of data
    assert call("report", "study", "--figures", "figures").code == 0
    assert {file.name for file in Path("figures").iterdir()} >= {"differences.pdf", "curves.pdf"}
    assert all(file.read_bytes().startswith(b"%PDF-") for file in Path("figures").glob("*.pdf"))
    cells = {file.parent for file in Path("study").rglob("events.out.tfevents.*")}
    assert len(cells) == len(arms) * 2
