"""What `--search` may say."""

import pytest

from detente import plugins as installed
from detente.errors import UsageError
from detente.experiments.search.reading import kept, ranges
from detente.experiments.search.space import Choices, Reals, Wholes
from detente.recipe.keys import put
from search_folder import write_search
from searches import GAMMA

pytestmark = pytest.mark.usefixtures("module_cache")


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("r1.gamma=log:0.01..100", Reals("r1.gamma", GAMMA, 0.01, 100.0, True)),
        ("r1.gamma = lin:0..1", Reals("r1.gamma", GAMMA, 0.0, 1.0, False)),
        ("r1.every=log:1..16", Wholes("r1.every", "discriminator.regularizers.r1.every", 1, 16, True)),
        ("ema.half_life=lin:1..9", None),
        ("generator.optimizer.lr=log:1e-5..1e-2", None),
        ("batch=lin:2..8", Wholes("batch", "batch", 2, 8, False)),
        ("generator.regularizers.ema.half_life=log:1..1000", None),
    ],
)
def test_ranges_are_read_as_what_the_option_takes(plain, text, want):
    (found,) = ranges([text], plain, installed.host())
    if want is None:
        assert isinstance(found, Reals | Wholes)
        assert found.key.endswith(found.label)
    else:
        assert found == want


def test_choices_are_values_of_a_recipe(plain):
    text = "discriminator.optimizer.betas=choice:[0.5, 0.9],[0.0, 0.99]"
    (found,) = ranges([text], plain, installed.host())
    assert isinstance(found, Choices)
    assert [found.read(name) for name in found.spread(9)] == [[0.5, 0.9], [0.0, 0.99]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("r1.gamma", "should be NAME=log:LOW..HIGH"),
        ("r1.gamma=0.01..100", "should be NAME=log:LOW..HIGH"),
        ("r1.gamma=lgo:0.01..100", "Did you mean 'log'?"),
        ("r1.gamma=log:1", "needs a lower and an upper bound"),
        ("r1.gamma=log:a..b", "'a' in log:a..b is not a finite number"),
        ("r1.gamma=log:2..1", "is empty"),
        ("r1.gamma=lin:1..1", "is empty"),
        ("r1.gamma=log:0..1", "includes 0"),
        ("r1.gamma=log:-1..1", "includes 0"),
        ("r1.gama=log:1..2", "Did you mean 'gamma'?"),
        ("r11.gamma=log:1..2", "Did you mean 'r1'?"),
        ("generator.regularizers.emma.half_life=log:1..2", "Did you mean 'ema'?"),
        ("generator.optimizer.lrr=log:1..2", "Did you mean 'lr'?"),
        ("generator.optimizer=log:1..2", "is not a single value; search one of its options"),
        ("steps=lin:1..100", "steps must be the same for all trials"),
        ("r1.every=lin:1.5..8", "takes integers"),
        ("discriminator.optimizer.betas=lin:0..1", "should be [a number, a number]"),
        ("generator.optimizer.lr=lin:-1..1", "greater than or equal to 0"),
        ("r1.gamma=choice:1", "has only one value"),
        ("r1.gamma=choice:1,,2", "empty value"),
        ("r1.gamma=choice:1,1", "has a value twice"),
        ("r1.gamma=choice:1,much", "should be a number, but is 'much'"),
    ],
)
def test_a_range_that_cannot_be_is_one_sentence(plain, text, message):
    with pytest.raises(UsageError) as error:
        ranges([text], plain, installed.host())
    (line,) = str(error.value).splitlines()
    assert line.startswith("--search: ")
    assert message in line


def test_all_wrong_ranges_are_told_at_once(plain):
    with pytest.raises(UsageError) as error:
        ranges(["r1.gama=log:1..2", "r1.gamma=log:0..1"], plain, installed.host())
    assert len(str(error.value).splitlines()) == 2
    with pytest.raises(UsageError, match="searched twice"):
        ranges(["r1.gamma=log:1..2", f"{GAMMA}=log:1..2"], plain, installed.host())


def test_ranges_say_themselves_back(plain):
    texts = ["r1.gamma=log:0.01..10", "r1.every=lin:1..8", "discriminator.optimizer.amsgrad=choice:true,false"]
    found = ranges(texts, plain, installed.host())
    assert [f"{one.label}={one.text}" for one in found] == texts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipes.default.batch": "many"}, "r1.gamma=0.01: batch: should be an integer"),
        ({"recipes.default.generator.optimizer.lr": -1.0}, "r1.gamma=0.01: generator.optimizer.lr: should be"),
        ({"recipes.default.discriminator.regularizers": {}}, "r1.gamma: neither an entry of recipes"),
        ({"search": [{"label": "batch", "key": GAMMA, "range": "lin:2..8"}]}, "search: the keys are not those"),
    ],
)
def test_a_search_that_is_there_is_told_of_by_its_file(plain, tmp_path, change, said):
    found = write_search(tmp_path / "search", plain)
    entry = {"label": "r1.gamma", "key": GAMMA, "range": "log:0.01..10"}
    found.content = put({**found.content, "recipes": {"default": plain}, "search": [entry]}, change)
    with pytest.raises(UsageError) as error:
        kept(found, installed.host())
    assert str(error.value).startswith(f"{found.path}: ") and said in str(error.value)
    assert "--search" not in str(error.value) and "correct it, or " in str(error.value)
