"""The card of an export: its code runs, and it says nothing of the machine that it was made on."""

import os
import re
from pathlib import Path

import pytest

from detente.recipe.schema import Recipe
from detente.training.card import anonymous, card
from detente.training.export import export_run
from observers import train

pytestmark = pytest.mark.usefixtures("module_cache")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Recipe]:
    folder = tmp_path_factory.mktemp("card")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(folder / "cache"))
        trainer = train(folder / "run")
    export_run(trainer, folder / "model")
    return folder / "model", trainer.built.recipe


def test_its_code_runs_in_its_folder(exported: tuple[Path, Recipe], monkeypatch):
    monkeypatch.chdir(exported[0])
    (code,) = re.findall(r"```python\n(.*?)```", Path("README.md").read_text(), re.S)
    exec(code, {})
    assert Path("samples", "samples.npz").is_file()


def test_it_has_what_a_reader_looks_for(exported: tuple[Path, Recipe]):
    text = (exported[0] / "README.md").read_text()
    for wanted in ("licence: public domain", "n = 50 samples", "## Intended use", "license: other"):
        assert wanted in text


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_others_may_read_it_as_far_as_the_user_lets_them(exported: tuple[Path, Recipe], tmp_path: Path, umask: int):
    from detente.training.export import write
    from detente.training.run_folder import Run
    from detente.training.trained import of_run

    run = exported[0].parent / "run"
    before = os.umask(umask)
    try:
        files = write(*of_run(run), Run(run), tmp_path / "model")
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o666 & ~umask}


@pytest.mark.parametrize(
    ("path", "said"), [("/home/ann/photos", "photos"), ("/tmp/x/lines.txt", "lines.txt"), ("data/pics", "data/pics")]
)
def test_the_recipe_names_no_folder_of_the_machine(exported: tuple[Path, Recipe], path: str, said: str):
    plain = exported[1].plain()
    plain["data"]["path"] = path
    assert anonymous(Recipe.model_validate(plain)).plain()["data"]["path"] == said


@pytest.mark.parametrize("shape", [[1, 80, 64], [3], [2, 2]])
def test_a_condition_is_asked_for_by_its_shape_and_its_command_is_named(
    exported: tuple[Path, Recipe], shape: list[int]
):
    said = {
        "domain": "speech", "model": {"name": "vocoder"}, "step": 1, "seed": 0, "scores": {}, "scaled": None,
        "samples": 8, "references": {}, "plugins": [], "space": {"condition": shape},
        "data": {"name": "x", "description": "", "licence": "", "source": ""},
        "primary": {"score": "frechet", "protocol": ""},
    }  # fmt: skip
    text = card(said, exported[1], "detente vocode {folder} speech.wav", "samples.png")
    assert "detente vocode . speech.wav" in text and "![samples](samples.png)" in text
    assert f"torch.zeros(4, {', '.join(map(str, shape))})" in text


def test_a_card_shows_a_file_s_name_on_one_line_without_what_steers_a_terminal(exported: tuple[Path, Recipe]):
    said = {
        "domain": "text", "model": {"name": "gan"}, "step": 1, "seed": 0, "scores": {}, "scaled": None,
        "samples": 8, "references": {}, "plugins": [], "space": {"condition": None},
        "data": {"name": "x", "description": "", "licence": "", "source": "odd\nlines \x1b[31m.txt"},
        "primary": {"score": "frechet", "protocol": ""},
    }  # fmt: skip
    text = card(said, exported[1], "", None)
    assert "- source: odd⟨U+000A⟩lines ⟨U+001B⟩[31m.txt\n" in text
