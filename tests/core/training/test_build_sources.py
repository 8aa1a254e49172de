"""What only a constructor, the data or a network can refuse is refused by file or flag too, like everything else."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from detente import cli, recipe
from detente.errors import DetenteError
from detente.training.build import build

FILE = """
domain: image
model: {name: resnet, width: 24}
generator: {regularizers: {jacobian-clamp: {low: 3.0, high: 2.0}}}
discriminator: {regularizers: {r1: {space: embedding}}}
"""


def said(capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> str:
    assert cli.main(list(words)) == 2
    return capsys.readouterr().err


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("mine.yaml")
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("verb", ["train", "check"])
def test_a_file_is_named(verb: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [verb, "--recipe", str(file), "-n"] if verb == "train" else [verb, str(file)]
    assert "mine.yaml: model: resnet: width=24 is not a multiple of group=16" in said(capsys, words)
    words += ["--set", "model.width=32"]
    assert "mine.yaml: generator.regularizers.jacobian-clamp: " in said(capsys, words)
    words += ["--set", "jacobian-clamp.high=4"]
    assert "mine.yaml: discriminator.regularizers: r1 needs the ability 'embed'" in said(capsys, words)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["image", "--model", "resnet", "--set", "model.width=20"], "--set: model: resnet: width=20 is not a multiple"),
        (["image", "--model", "resnet", "--set", "data.name=folder", "--set", "data.path=nowhere"], "--set: data: "),
        (["ring", "--reg", "g:jacobian-clamp(low=3, high=2)"], "--reg: generator.regularizers.jacobian-clamp: "),
        (["ring", "--reg", "d:dropout(where=conv*)"], "--reg: discriminator.regularizers: no hidden layer of"),
        (["ring", "--reg", "g:ema+g:r1"], "--reg: generator.regularizers.r1: r1 cannot be used on the generator"),
        (["ring", "--device", "cuda:99"], "--device: device: cuda:99 is not available on this machine"),
    ],
)
def test_a_flag_is_named(
    words: list[str], error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert error in said(capsys, ["train", *words])
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_the_last_word_on_a_component_is_named(file: Path) -> None:
    found = recipe.resolve(file, sets=["model.group=5"])
    with pytest.raises(DetenteError, match=r"^--set: model: resnet: width=24 is not a multiple of group=5"):
        build(found, dry=True)
    again = recipe.resolve(file, sets=["model.group=5"], flags={"model.width": 33})
    with pytest.raises(DetenteError, match=r"^--model\.width: model: resnet: width=33"):
        build(again, dry=True)


def test_a_recipe_without_its_origin_has_the_key_alone(file: Path) -> None:
    with pytest.raises(DetenteError, match=r"^model: resnet: width=24"):
        build(recipe.load(file), dry=True)


@pytest.mark.parametrize("verb", ["compare", "tune"])
def test_experiments_name_the_arm_and_the_flag(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    more = ["--search", "r1.gamma=log:0.1..10"] if verb == "tune" else []
    words = [verb, "image", "--reg", "r1", *more, "--set", "model={name: resnet, width: 20}"]
    err = said(capsys, words)
    assert "--set: model: resnet: width=20 is not a multiple of group=16" in err
    assert "image, r1" in err
    assert not list(tmp_path.iterdir()), "nothing is written"
