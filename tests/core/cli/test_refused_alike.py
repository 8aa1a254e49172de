"""What training refuses, a dry run and `check` refuse in the same words, and nothing is written."""

import os
import re
import shlex
from pathlib import Path

import pytest

from command_line import SMALL, Call

TRAINING = ["--steps", "2", *SMALL]
REFUSED = [
    "nope",
    "rng",
    "ring --data nope",
    "ring --objective nope",
    "ring --metric nope",
    "ring --log nope",
    "ring --log jsonl",
    "ring --allow nope",
    "ring --device tpu",
    "ring --device cuda:99",
    "ring --precision fp16",
    "ring --reg nope",
    "ring --reg d:r1(gama=1)",
    "ring --reg d:r1(gamma=-1)",
    "ring --reg d:r1(gamma=.inf)",
    "ring --reg d:r1(every=1.5)",
    "ring --reg d:r1(space=embedding)",
    "ring --reg d:dropout(p=1)",
    "ring --reg d:ema+d:weight-norm",
    "ring --reg d:spectral-norm(where=nope)",
    "ring --reg 'd:l2(where=\"not nope\")'",
    "ring --reg d:instance-norm",
    "ring --reg d:gradient-norm(space=embedding)",
    "ring --reg g:r1",
    "ring --reg g:diff-augment",
    "dirac --reg d:batch-norm",
    "dirac --reg g:path-length",
    "critics --reg d:batch-norm+r1",
    "ring --set model=nope",
    "ring --set metric=nope",
    "ring --set precision=fp8",
    "ring --set steps=0",
    "ring --set batch=0",
    "ring --set batch=1000000000",
    "ring --set samples=0",
    "ring --set samples=1000000000000",
    "ring --set metrics=[prdc]",
    "ring --set metrics=[]",
    "ring --set seed=1.5",
    "ring --set foo=1",
    "ring --set data.foo=1",
    "ring --set data.size=1000000000000",
    "ring --set model.hidden=1000000",
    "ring --set compile=discriminator --reg d:r1",
    "ring --set channels_last=true",
    "ring --set generator.optimizer=nope",
    "ring --set generator.optimizer.lr=.nan",
    "ring --set generator.optimizer.betas=[0.5,2]",
    "ring --set evaluate_every=-1",
    "--recipe missing.yaml",
    "--recipe two.yaml",
    "--recipe list.yaml",
    "--recipe pipe",
]


@pytest.mark.parametrize("text", REFUSED)
def test_all_three_refuse_in_the_same_words(text: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente.toys.critics.CriticsDomain.refuses", True)  # toys take anything of themselves
    Path("two.yaml").write_text("domain: ring\n---\ndomain: ring\n")
    Path("list.yaml").write_text("- ring\n")
    os.mkfifo("pipe")
    there = sorted(Path().rglob("*"))
    words = shlex.split(text)
    given = {word.partition("=")[0] for word in words}
    small = [setting for setting in ("steps=2", "batch=16", "samples=50") if setting.partition("=")[0] not in given]
    more = [part for setting in small for part in ("--set", setting)]
    trained = call("train", *words, *more, "-q")
    assert trained.code == 2 and trained.err.startswith("Error: ") and "bug" not in trained.err
    dry, checked = call("train", *words, *more, "-n", "-q"), call("check", *words, *more, "-q")
    assert (dry.code, dry.err) == (2, trained.err)
    assert checked.code == 2
    if "training would be refused because of" not in checked.err:
        assert _without_verb(checked.err) == _without_verb(trained.err)
    assert sorted(Path().rglob("*")) == there


def _without_verb(said: str) -> str:
    return re.sub(r"`detente (train|check)", "`detente", said)


@pytest.mark.parametrize("where", ["file", "file/runs", "file/a/b"])
@pytest.mark.parametrize("flag", ["--folder", "--out"])
def test_a_dry_run_refuses_a_place_where_no_folder_can_be(where: str, flag: str, call: Call) -> None:
    Path("file").touch()
    for words in ([], ["-n"]):
        done = call("train", "ring", *TRAINING, flag, where, "-q", *words)
        assert (done.code, done.err) == (2, "Error: file: is a file, not a folder. Choose another folder.\n")


def test_a_dry_run_leaves_a_folder_that_can_be_made_unmade(call: Call) -> None:
    assert call("train", "ring", *TRAINING, "--folder", "new/one", "-n", "-q").code == 0
    assert not Path("new").exists()


def test_a_dry_run_refuses_fewer_steps_than_are_trained(call: Call) -> None:
    assert call("train", "ring", *SMALL, "--steps", 4, "--folder", "run", "-q").code == 0
    wrong = ["train", "ring", *SMALL, "--steps", 3, "--folder", "run", "-q"]
    done, dry = call(*wrong), call(*wrong, "-n")
    assert (done.code, dry.code) == (2, 2) and "4 are trained already" in done.err
    assert dry.err == done.err
