"""What a search may be asked for."""

import pytest

from detente import plugins as installed
from detente.errors import UsageError
from detente.experiments import tune as tuning
from detente.experiments.search import Wish
from searches import wish

pytestmark = pytest.mark.usefixtures("module_cache")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"search": []}, "needs an option to search"),
        ({"sampler": "tep"}, "Did you mean 'tpe'?"),
        ({"seeds": 51}, "--seeds 51"),
        ({"seeds": 10**12}, "--seeds 1000000000000"),
        ({"seeds": 0}, "--seeds 0"),
        ({"seeds": [1, 1]}, "twice"),
        ({"seeds": [-1]}, "negative"),
        ({"trials": 0}, "--trials 0"),
        ({"trials": 10**9}, "--trials"),
        ({"trials": 1000, "seeds": 11}, "11000 runs"),
        ({"trials": 3, "search": ["r1.gamma=choice:1,2"]}, "hold 2 different settings"),
        (
            {"trials": 3, "sampler": "grid", "search": ["r1.gamma=choice:1,2", "r1.every=choice:1,2"]},
            "at least 4 points",
        ),
        ({"fresh": 1}, "--fresh 1"),
        ({"wave": 0}, "--wave 0"),
        ({"sampler_seed": -1}, "negative"),
        ({"metric": "distnace"}, "Did you mean 'distance'?"),
        ({"metric": "distance<far"}, "'far' is not a number"),
        ({"domain": "dirca"}, "Did you mean 'dirac'?"),
        ({"reg": ["r11"]}, "Did you mean 'r1'?"),
    ],
)
def test_more_than_makes_sense_and_wrong_names_are_refused_before_anything_is_written(tmp_path, more, message):
    with pytest.raises(UsageError) as error:
        tuning.tune(wish(**more), out=tmp_path / "out", host=installed.host())
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_file_says_what_flags_say(tmp_path):
    file = tmp_path / "tune.yaml"
    file.write_text(
        "domain: dirac\nreg: r1\nsearch: {r1.gamma: log:0.01..10}\ntrials: 6\nseeds: [0, 3]\nset: [batch=4]\n"
    )
    found = Wish.of(file, {"trials": 7, "steps": 20, "reg": None})
    assert found == Wish(
        domain="dirac", reg=["r1"], search=["r1.gamma=log:0.01..10"], trials=7, seeds=[0, 3], set=["batch=4"], steps=20
    )
    file.write_text("trails: 6\n")
    with pytest.raises(UsageError, match=r"tune\.yaml: trails: unknown key\. Did you mean 'trials'\?"):
        Wish.of(file, {})
    file.write_text("trials: many\n")
    with pytest.raises(UsageError, match=r"tune\.yaml: trials: should be an integer, but is 'many'"):
        Wish.of(file, {})
