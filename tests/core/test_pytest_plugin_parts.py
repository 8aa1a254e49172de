"""Objectives, models and metrics in pytest: every planted defect is a failed test, named for its law."""

import pytest

from detente.engine.options import kebab
from detente.testing import kind
from faulty_metrics import METRICS
from faulty_networks import MODELS
from faulty_objectives import OBJECTIVES

pytest_plugins = ["pytester"]

TEST = """
@laws_of(faulty_{file}.{cls}, cases=["ring"])
def test_{cls}(law):
    law()
"""


@pytest.fixture(scope="module", autouse=True)
def torch_is_imported_as_a_whole() -> None:
    """A run inside this process forgets the modules that it imported, and torch cannot be imported twice."""
    kind("ring").networks  # noqa: B018


@pytest.mark.acceptance
@pytest.mark.parametrize(("file", "faults"), [("objectives", OBJECTIVES), ("networks", MODELS), ("metrics", METRICS)])
def test_every_planted_defect_is_a_failed_test_under_its_law(
    pytester: pytest.Pytester, file: str, faults: dict
) -> None:
    head = f"import faulty_{file}\nfrom detente.pytest_plugin import laws_of\n"
    pytester.makepyfile(head + "".join(TEST.format(file=file, cls=cls.__name__) for cls in faults))
    laws = " or ".join(sorted(set(faults.values())))
    result = pytester.runpytest_inprocess("-p", "detente.pytest_plugin", "-p", "no:cacheprovider", "-k", laws, "-rf")
    assert result.ret == 1
    failed = {line.split(" ")[1].partition("::")[2] for line in result.outlines if line.startswith("FAILED")}
    for cls, law in faults.items():
        assert any(f"test_{cls.__name__}[{kebab(cls.__name__)}" in one and one.endswith(f"{law}]") for one in failed), (
            cls,
            failed,
        )


def test_a_part_of_a_kind_of_data_without_one_says_what_to_write(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import faulty_networks\nfrom detente.pytest_plugin import laws_of\n"
        "@laws_of(faulty_networks.Counter)\ndef test_it(law): law()\n"
    )
    result = pytester.runpytest_inprocess("-p", "detente.pytest_plugin", "-p", "no:cacheprovider")
    assert result.ret != 0
    assert (
        "Counter belongs to a kind of data: give it, such as cases=['ring']"
        in result.stdout.str() + result.stderr.str()
    )
