"""The laws as tests of pytest: their names, their counts, and what makes them red."""

import pytest

from detente.regularizers.r1 import R1
from detente.testing import cases, check

pytest_plugins = ["pytester"]

MINE = """
import pytest
from detente import Regularizer
from detente.pytest_plugin import laws_of

class Mine(Regularizer):
    players = ("discriminator",)
    def penalty(self, s):
        return 0.1 * s.real_score.square().mean()

class Sum(Mine):
    def penalty(self, s):
        return s.real_score.square().sum()

class Empty(Regularizer):
    players = ("discriminator",)
"""


@pytest.fixture(scope="module", autouse=True)
def torch_is_imported_as_a_whole() -> None:
    """A run inside this process forgets the modules that it imported, and torch cannot be imported twice."""
    check(R1, cases(["ring"]))


def ran(pytester: pytest.Pytester, test: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(MINE + test)
    return pytester.runpytest_inprocess("-p", "detente.pytest_plugin", "-p", "no:cacheprovider", "-rs", *arguments)


KEPT = """
@laws_of(Mine, cases=["ring"])
def test_laws(law):
    law()
"""


def test_each_law_is_a_test_with_a_name_that_can_be_read_and_the_counts_are_told(pytester: pytest.Pytester) -> None:
    result = ran(pytester, KEPT, "-v")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*laws of mine in * tests*",
            "*test_laws?mine-ring-discriminator-play_goes_on? PASSED*",
            "*test_laws?mine-closed_forms-discriminator-duplicated_batches_cost_the_same? PASSED*",
            "*every_law_that_must_be_tried_was_tried? PASSED*",
            "*détente: mine: * laws, * apply, * do not (*it has no rewrite*)*",
        ]
    )
    assert result.parseoutcomes()["passed"] > 20


def test_importing_a_class_or_a_marked_test_helper_collects_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(helper=MINE)
    result = ran(pytester, "\nfrom helper import Mine as Other\ndef test_alone(): pass\n")
    assert result.parseoutcomes() == {"passed": 1}
    assert "détente:" not in result.stdout.str()


@pytest.mark.parametrize(
    ("subject", "law", "said"),
    [
        ("Sum", "duplicated_batches_cost_the_same", "every sample twice gives"),
        ("Empty", "it_has_an_effect", "are what they are without it"),
    ],
)
def test_a_broken_law_is_a_failed_test_that_says_why(
    pytester: pytest.Pytester, subject: str, law: str, said: str
) -> None:
    result = ran(pytester, KEPT.replace("Mine", subject))
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"*{law}*", f"*{said}*"])


def test_a_law_that_must_be_tried_and_ran_nowhere_is_red(pytester: pytest.Pytester) -> None:
    result = ran(pytester, KEPT.replace('["ring"]', "[]"))
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*play_goes_on was not tested in any case*"])


def test_an_expected_failure_is_no_failure_but_one_that_holds_is(pytester: pytest.Pytester) -> None:
    expecting = """
@laws_of({}, cases=["ring"], expected_failures={{"{}": "the paper's form is a sum"}})
def test_laws(law):
    law()
"""
    law = "duplicated_batches_cost_the_same"
    result = ran(pytester, expecting.format("Sum", law) + "\n", "-k", f"{law} or must_be_tried")
    assert result.ret == 0 and result.parseoutcomes() == {
        "passed": 1,
        "xfailed": 1,
        "deselected": result.parseoutcomes()["deselected"],
    }
    result = ran(pytester, expecting.format("Mine", law), "-k", "must_be_tried")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*was expected to fail (the paper's form is a sum), but it holds*"])


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("@laws_of(Mine)\ndef test_it(): pass", "needs a test that takes `law`"),
        ("@pytest.mark.laws_of\ndef test_it(law): law()", "say whose laws"),
        (
            '@laws_of(Mine, cases=["ring"], expected_failures={"play_goes": "x"})\ndef test_it(law): law()',
            "names 'play_goes', which is no law. Did you mean 'play_goes_on'?",
        ),
        ('@laws_of(Mine, cases=["rimg"])\ndef test_it(law): law()', "Did you mean 'ring'?"),
        (
            '@laws_of(Mine, ["ring"], {"play_goes_on": " "})\ndef test_it(law): law()',
            "say why play_goes_on is broken",
        ),
    ],
)
def test_a_mark_that_cannot_be_understood_says_what_to_write(pytester: pytest.Pytester, test: str, said: str) -> None:
    result = ran(pytester, "\n" + test)
    assert result.ret != 0
    assert said in result.stdout.str() + result.stderr.str()
