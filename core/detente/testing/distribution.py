"""The laws of a distribution: what its metadata say, what its declaration imports, and that it declares something."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata, util
from pathlib import Path
from typing import Any

from detente.plugins.loader import Plugin
from detente.plugins.registry import Kind as KindOfEntry
from detente.testing.laws import Broken
from detente.testing.plan import Plan, Trial

BUDGET = 0.3
"""Seconds of processor time that the import of a declaration may take, beside what every start imports anyway."""
_NEED_RUN: tuple[KindOfEntry, ...] = ("domain", "model", "data", "metric", "optimizer", "sampler", "preset", "verb")

# Runs alone, before anything imports torch: who imports what, how long it takes, and what is printed.
_PROBE = """
import io, json, os, sys, time, traceback, contextlib
from detente.plugins import loader, weight
found = {}
ours = os.path.dirname(os.path.dirname(os.path.abspath(loader.__file__)))
def theirs(file):
    # What is between their code and the import of torch is ours, or of Python.
    return not file.startswith(("<", ours)) and "importlib" not in file and os.path.exists(file)
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in weight.HEAVY and name not in found:
            frames = [f for f in traceback.extract_stack()[:-1] if theirs(f.filename)]
            found[name] = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
sys.meta_path.insert(0, Watch())
said, seconds = io.StringIO(), {}
for each in loader.installed():
    if each.origin.distribution != sys.argv[1]:
        continue
    start = time.process_time()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        loader.load(each)
    seconds[each.origin.plugin] = time.process_time() - start
print(json.dumps({"heavy": found, "seconds": seconds, "said": said.getvalue()}))
"""


@dataclass
class Distribution:
    """An installed distribution and the plugins that it declares."""

    name: str
    plugins: Sequence[Plugin]
    environment: dict[str, str] | None = field(default=None, repr=False)

    @cached_property
    def metadata(self) -> Any:
        """What METADATA says."""
        return metadata.metadata(self.name)

    @property
    def version(self) -> str:
        """As METADATA says."""
        return self.plugins[0].origin.version

    def said(self, key: str) -> list[str]:
        """All that METADATA says under a key."""
        return [str(one).strip() for one in self.metadata.get_all(key) or [] if str(one).strip() not in ("", "UNKNOWN")]

    @cached_property
    def packages(self) -> list[str]:
        """The outermost packages of its declarations."""
        points = metadata.distribution(self.name).entry_points.select(group="detente")
        return list(dict.fromkeys(re.split(r"[.:]", point.value)[0].strip() for point in points))

    @cached_property
    def probe(self) -> dict[str, Any]:
        """What a process of its own finds when it imports the declarations."""
        command = [sys.executable, "-c", _PROBE, self.name]
        done = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [""]
            raise Broken(
                f"importing its declaration ends the process ({done.returncode}): {last[0]}"
                "; call nothing such as sys.exit when it is imported"
            )
        return json.loads(done.stdout.splitlines()[-1])


def it_loads_and_declares_something(d: Distribution) -> None:
    """Each of its plugins loads, and it declares at least one name."""
    for plugin in d.plugins:
        if plugin.status != "ok":
            raise Broken(f"plugin {plugin.origin.plugin!r} is {plugin.status}: {plugin.error}{_line(plugin)}")
    if not any(plugin.entries for plugin in d.plugins):
        raise Broken(
            "it declares nothing; call registry.add in a hook such as detente_register_regularizers, see "
            "detente.hookspecs"
        )


def _line(plugin: Plugin) -> str:
    """The last line of its own code in the traceback."""
    places = re.findall(r'File "([^"]+)", line (\d+)', plugin.traceback or "")
    own = [(file, line) for file, line in places if not re.search(r"[/\\](detente|pluggy|importlib)[/\\]|^<", file)]
    return f" ({own[-1][0]}:{own[-1][1]})" if own else ""


def its_declaration_is_light(d: Distribution) -> None:
    """Its entry points import no large library and little else: every command of détente waits for them."""
    for name, where in d.probe["heavy"].items():
        raise Broken(
            f"its declaration imports {name}, so every command waits for it; import it in the modules that "
            f"registry.add names ({where})"
        )
    for plugin, seconds in d.probe["seconds"].items():
        if seconds > BUDGET:
            raise Broken(
                f"importing plugin {plugin!r} takes {seconds:.1f} s of processor time, and {BUDGET} s are allowed; "
                "`python -X importtime -c 'import …'` shows for what"
            )


def its_declaration_prints_nothing(d: Distribution) -> None:
    """Nothing is printed or logged at every start."""
    if said := d.probe["said"].strip():
        raise Broken(f"importing its declaration prints {said.splitlines()[0]!r}; say nothing at every start")


def it_says_what_it_is(d: Distribution) -> None:
    """It has a summary of one line, and a readme for its page on PyPI."""
    if not d.said("Summary"):
        raise Broken("pyproject.toml: project.description is missing; say in one line what it is")
    readme = d.said("Description") or [str(d.metadata.get_payload() or "").strip()]
    if not readme[0]:
        raise Broken('pyproject.toml: project.readme is missing; write readme = "README.md"')
    if not d.said("Description-Content-Type"):
        raise Broken("pyproject.toml: the readme has no content type; name a file that ends in .md or .rst")


def its_licence_is_stated_and_comes_along(d: Distribution) -> None:
    """The licence stands in the metadata, and its text is in the wheel."""
    named = d.said("License-Expression") or d.said("License")
    if not named and not any(one.startswith("License ::") for one in d.said("Classifier")):
        raise Broken('pyproject.toml: project.license is missing; write license = "MIT", or another SPDX expression')
    files = [str(file) for file in metadata.distribution(d.name).files or ()]
    if not any(re.search(r"(licen[cs]e|copying|notice)", Path(file).name, re.IGNORECASE) for file in files):
        raise Broken('the text of the licence is not in the wheel; write license-files = ["LICENSE"]')


def its_classifiers_say_who_can_use_it(d: Distribution) -> None:
    """Python's versions and the subject are classifiers, and `Typing :: Typed` is one where types are shipped."""
    given = d.said("Classifier")
    for start in ("Programming Language :: Python :: 3", "Topic ::"):
        if not any(one.startswith(start) for one in given):
            raise Broken(f"pyproject.toml: no classifier begins with {start!r}; `detente new` writes a list of them")
    if not d.said("Requires-Python"):
        raise Broken('pyproject.toml: project.requires-python is missing; write requires-python = ">=3.11"')


def it_depends_on_what_it_uses(d: Distribution) -> None:
    """It requires détente, and the extra `run` if it declares what only runs use."""
    needs = [re.match(r"[\w.-]+(\[[^\]]*\])?", one.replace(" ", "")) for one in d.said("Requires-Dist")]
    found = {m.group(0).partition("[")[0].lower().replace("_", "-"): m.group(1) or "" for m in needs if m}
    ours = {name: extras for name, extras in found.items() if name == "detente" or name.startswith("detente-")}
    if not ours:
        raise Broken('pyproject.toml: it does not depend on détente; write dependencies = ["detente"]')
    kinds = {entry.kind for plugin in d.plugins for entry in plugin.entries}
    if kinds & set(_NEED_RUN) and list(ours) == ["detente"] and "run" not in ours["detente"]:
        what = next(kind for kind in _NEED_RUN if kind in kinds)
        raise Broken(f'it declares a {what}, which runs use; write dependencies = ["detente[run]"]')


def its_types_are_shipped(d: Distribution) -> None:
    """`py.typed` is in its package, so that pyright and mypy see its annotations, and a classifier says so."""
    for package in d.packages:
        spec = util.find_spec(package)
        places = list(spec.submodule_search_locations or ()) if spec else []
        if not any((Path(place) / "py.typed").is_file() for place in places):
            what = "an empty file py.typed into it" if places else "it into a package with an empty file py.typed"
            raise Broken(f"{package} ships no types; put {what}")
    if "Typing :: Typed" not in d.said("Classifier"):
        raise Broken("pyproject.toml: the classifier 'Typing :: Typed' is missing; add it, since py.typed is shipped")


LAWS: tuple[Callable[[Distribution], None], ...] = (
    it_loads_and_declares_something,
    its_declaration_is_light,
    its_declaration_prints_nothing,
    it_says_what_it_is,
    its_licence_is_stated_and_comes_along,
    its_classifiers_say_who_can_use_it,
    it_depends_on_what_it_uses,
    its_types_are_shipped,
)
MUST = tuple(law.__name__ for law in LAWS)


def planned_for_distribution(distribution: Distribution) -> Plan:
    """The trials of its metadata."""
    return Plan("metadata", MUST, tuple(Trial(law, (distribution,), "metadata") for law in LAWS))
