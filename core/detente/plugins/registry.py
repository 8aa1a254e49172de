"""What plugins declare: entries that are checked when they are added and imported when they are used."""

import functools
import importlib
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from detente.errors import DetenteError, PluginError, did_you_mean, one_line
from detente.plugins.process import unchanged

Kind = Literal[
    "domain",
    "model",
    "data",
    "regularizer",
    "objective",
    "metric",
    "optimizer",
    "sampler",
    "rule",
    "preset",
    "verb",
    "logger",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Models and data belong to one domain, so that two domains may both call a data set `folder`.
OF_ONE_DOMAIN: tuple[Kind, ...] = ("model", "data")
MAY_HAVE_DOMAIN: tuple[Kind, ...] = (*OF_ONE_DOMAIN, "metric")
# What a recipe or a search names. A domain cannot change its name: that of its models and data would change with it.
MAY_BE_RENAMED: tuple[Kind, ...] = (
    "model",
    "data",
    "regularizer",
    "objective",
    "metric",
    "optimizer",
    "sampler",
    "logger",
)

# A name is typed in chains such as `d:spectral-norm+r1(gamma=1)` and in dotted keys of recipes:
# it must hold none of their punctuation and not read as a number.
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_TARGET = re.compile(rf"({_DOTTED}):({_DOTTED})")
_FILE = re.compile(rf"({_DOTTED}):(?!/)(?!.*\.\.)[\w./-]+\.yaml")  # inside its package
_FORMS = {"preset": (_FILE, "package:folder/file.yaml")}
"""How a target is written if it is not an attribute of a module."""


@dataclass(frozen=True)
class Origin:
    """Which installed code an entry comes from.

    Args:
        plugin: name of the entry point.
        distribution, version: of the distribution that holds it.
        source: its folder when the installation is editable, else None.
        vcs_commit: the commit that pip installed from, where it came straight from a repository.
    """

    plugin: str
    distribution: str
    version: str
    source: Path | None = None
    vcs_commit: str | None = None

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    @property
    def commit(self) -> str | None:
        """The git commit, with `-dirty` for uncommitted changes; None where it cannot be known."""
        return self.vcs_commit if self.source is None else _commit_of(self.source)


@functools.cache
def _commit_of(folder: Path) -> str | None:
    import subprocess  # slow to import, and only who asks for a commit pays

    # A git hook that runs us sets GIT_DIR and its kin: they would point at another repository.
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env["GIT_OPTIONAL_LOCKS"] = "0"

    def git(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return done.returncode, done.stdout.strip()

    try:
        failed, commit = git("rev-parse", "--verify", "HEAD")
        # In a folder that the repository around it ignores, HEAD says nothing about the code.
        if failed or git("check-ignore", "-q", ".")[0] == 0:
            return None
        failed, changes = git("status", "--porcelain", "--", ".")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}-dirty" if failed or changes else commit


@dataclass(frozen=True)
class Entry:
    """One declared name. Nothing of `target` is imported until `load`."""

    kind: Kind
    name: str
    target: str
    domain: str | None
    summary: str
    options: Mapping[str, Any] = field(hash=False)
    origin: Origin
    renamed_from: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What it answers to: its name, and the one that it had until the last release."""
        return (self.name,) if self.renamed_from is None else (self.name, self.renamed_from)

    @property
    def plugin(self) -> str:
        return self.origin.plugin

    @property
    def distribution(self) -> str:
        return self.origin.distribution

    @property
    def version(self) -> str:
        return self.origin.version

    @property
    def commit(self) -> str | None:
        return self.origin.commit

    @property
    def label(self) -> str:
        """How a sentence calls it: `data set 'folder' of domain 'image'`."""
        return label(self.kind, self.name, self.domain)

    def unusable(self, reason: str) -> PluginError:
        """The error to raise where what the target names does not do what its kind should; a reason without a dot."""
        return PluginError(f"{self.label} of {self.origin} cannot be used: {reason}. Report it to its authors.")

    def load(self) -> Any:
        """Import the target and return what it names.

        Raises:
            PluginError: the import fails or the module lacks the attribute; the cause is chained.
        """
        module, _, attributes = self.target.partition(":")
        try:
            found = sys.modules.get(module) or self._import(module)
            for attribute in attributes.split("."):
                found = getattr(found, attribute)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise PluginError(
                f"{self.label} of {self.origin} cannot be used: importing {self.target!r} raised"
                f" {one_line(error).rstrip('.')}.{_fix(error, self)}"
            ) from error
        return found

    def _import(self, module: str) -> Any:
        with unchanged(f"{self.label} of {self.origin}"):
            return importlib.import_module(module)


def label(kind: Kind, name: str, domain: str | None) -> str:
    """A name in a sentence, with its kind and its domain if it has one."""
    called = {"data": "data set", "verb": "command"}.get(kind, kind)
    return f"{called} {name!r}" + (f" of domain {domain!r}" if domain else "")


def _fix(error: BaseException, entry: Entry) -> str:
    own_package = entry.target.partition(":")[0].partition(".")[0]
    if isinstance(error, DetenteError):
        return ""  # one of ours says itself what to do
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing and missing.partition(".")[0] != own_package:
        return f" Install the package that provides {missing!r}."
    hint = ""
    if isinstance(error, AttributeError) and error.name:
        hint = did_you_mean(error.name, dir(error.obj))
    return f"{hint} Install another version of {entry.distribution}, or report it to its authors."


class Registry:
    """What a declaration hook receives. Takes declarations of one kind for one plugin.

    They are staged: the host keeps them only if every hook of the plugin succeeds.
    """

    def __init__(self, kind: Kind, origin: Origin, staged: list[Entry]) -> None:
        self._kind: Kind = kind
        self._origin = origin
        self._staged = staged
        self._open = True

    def add(
        self,
        name: str,
        target: str,
        *,
        domain: str | None = None,
        summary: str = "",
        renamed_from: str | None = None,
        **extra: Any,
    ) -> None:
        """Declare a name.

        Args:
            name: lower-case letters, digits, `-` and `_`, starting with a letter.
            target: `"package.module:Attribute"`, imported when somebody asks for the name; of a preset
                `"package:folder/file.yaml"`.
            domain: required for models and data, optional for metrics, not for the others.
            summary: one line for listings.
            renamed_from: the name until the last release, which works for one more, with a warning; for what a recipe
                or a search names, except domains.
            extra: plain data that travels with the entry as its `options`.

        Raises:
            PluginError: an argument is malformed, or this plugin already declared the name.
        """
        where = f"registry.add({name!r}) for {_with_article(self._kind)} "
        if not self._open:
            raise PluginError(f"{where}came too late: call it inside the hook, not afterwards.")
        if not _is_name(name):
            raise PluginError(
                f"{where}has an invalid name: use lower-case letters and digits, joined by"
                " '-' or '_', starting with a letter."
            )
        pattern, form = _FORMS.get(self._kind, (_TARGET, "package.module:Attribute"))
        if not isinstance(target, str) or not pattern.fullmatch(target):
            raise PluginError(f"{where}has a malformed target {target!r}: write {form!r}.")
        if domain is None and self._kind in OF_ONE_DOMAIN:
            raise PluginError(f"{where}has no domain: add domain='…'.")
        if domain is not None and self._kind not in MAY_HAVE_DOMAIN:
            raise PluginError(
                f"{where}has a domain, but {_with_article(self._kind)} does not belong to one: remove domain=."
            )
        if domain is not None and not _is_name(domain):
            raise PluginError(f"{where}has an invalid domain {domain!r}: it is the domain's name.")
        if renamed_from is not None and self._kind not in MAY_BE_RENAMED:
            raise PluginError(
                f"{where}has an old name, but {_with_article(self._kind)} has only one: remove renamed_from=."
            )
        if renamed_from is not None and not _is_name(renamed_from):
            raise PluginError(f"{where}has an invalid old name {renamed_from!r}: it is what the name was before.")
        if not isinstance(summary, str) or not summary.isprintable():
            raise PluginError(f"{where}has a summary that is not one line of printable text.")
        try:
            json.dumps(extra)
        except (TypeError, ValueError) as error:
            raise PluginError(f"{where}has extra options that are not plain data: {error}.") from error
        entry = Entry(self._kind, name, target, domain, summary, extra, self._origin, renamed_from)
        others = [other for other in self._staged if (other.kind, other.domain) == (entry.kind, entry.domain)]
        if any(set(other.names) & set(entry.names) for other in others):
            raise PluginError(f"{where}repeats a name of this plugin: choose another name.")
        self._staged.append(entry)

    def close(self) -> None:
        """Take no more: a declaration after its hook would be lost in silence."""
        self._open = False


def _is_name(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _with_article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
