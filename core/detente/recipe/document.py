"""YAML as recipes use it: plain data in, plain data out, and several layers of it laid over each other.

Reading is stricter than YAML: scalars mean what they do in YAML 1.2 (`no` is text, `2e-4` a number), a key is text and
stands once, and there are neither tags, aliases nor merge keys. So a recipe cannot name code, and cannot unfold into
more than what is written in it.
"""

import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node

from detente.errors import UsageError

MAX_BYTES = 1_000_000
MAX_DEPTH = 50

Key = tuple[str, ...]
"""A dotted key in its parts: `("discriminator", "regularizers", "r1", "gamma")`."""

_SECOND = "but found another document"  # half of PyYAML's own sentence
_NO_KEY = "a key cannot be a list or a mapping"
_BREAKS = frozenset("\n\r\x85\u2028\u2029")
_TEXT = "tag:yaml.org,2002:str"
_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(?:(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))",
        list("-+0123456789."),
    ),
}


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader with less in it, and with names of files that are not UTF-8 on a command line."""

    # PyYAML's own, and U+DC80 to U+DCFF, by which Python stands for single bytes of such names.
    NON_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\udc80-\udcff\ue000-\ufffd\U00010000-\U0010ffff]")
    yaml_implicit_resolvers: dict[str, Any] = {}
    yaml_constructors: dict[Any, Any] = {
        **{
            f"tag:yaml.org,2002:{kind}": yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{kind}"]
            for kind in ("null", "bool", "float", "str", "seq", "map")
        },
        None: yaml.SafeLoader.yaml_constructors[None],  # what meets any other tag, and refuses it
    }

    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.constructor.ConstructorError(
                None, None, "aliases (*name) are not supported in recipes; repeat the value, or quote the text", mark
            )
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.constructor.ConstructorError(
                None, None, "this is nested too deeply for a recipe", self.peek_event().start_mark
            )
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != _TEXT:
                problem = f"a key must be text; put {key.value!r} in quotes" if isinstance(key.value, str) else _NO_KEY
            elif key.value in seen:
                problem = f"the key {key.value!r} appears twice; keep one of them"
            else:
                seen.add(key.value)
                continue
            raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        return super().construct_mapping(node, deep)

    def construct_whole(self, node: Any) -> int:
        text = node.value.replace("_", "")
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


class _Dumper(yaml.SafeDumper):
    """Quotes whatever either this reader or one of YAML 1.1 would take for something other than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> Node:
        # Folding loses the rarer line breaks; inside double quotes they are escaped.
        return self.represent_scalar(_TEXT, data, style='"' if _BREAKS & set(data) else None)


_Dumper.add_representer(str, _Dumper.represent_text)
Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_whole)
for _kind, (_pattern, _first) in _SCALARS.items():
    for _class in (Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_pattern})\\Z"), _first)


def parse(text: str, source: str) -> Any:
    """The data of a YAML text; None if it is empty.

    Raises:
        UsageError: it is not YAML, or has something that recipes do not allow; names line and column.
    """
    try:
        return yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
        problem = error.problem or error.context
        if problem == _SECOND:
            problem = "a second YAML document begins here; keep one and move the other to a file of its own"
        raise UsageError(f"{source}:{where} {problem}.") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{source}: is not valid YAML: {' '.join(str(error).split())}.") from error
    except ValueError as error:  # Python reads no number of more than some thousand digits
        raise UsageError(f"{source}: contains a number that is too long.") from error


def read(path: Path | Traversable, source: str | None = None, what: str = "a recipe") -> dict[str, Any]:
    """The mapping in a YAML file; that of an empty file is empty.

    Args:
        path: the file.
        source: what errors call it; its path by default.
        what: what it should hold.

    Raises:
        UsageError: the file cannot be read, is too large, or contains something other than a mapping.
    """
    source = source or f"{path}"
    try:
        if isinstance(path, Path) and not (path.is_file() or path.is_dir()) and path.exists():
            raise UsageError(
                f"{source}: is a pipe, a socket or a device, which may never end and is read more than once here; save"
                " the recipe to a file first."
            )
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{source}: file not found.") from error
    except OSError as error:
        raise UsageError(f"{source}: cannot be read: {error.strerror or error}.") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"{source}: is larger than {MAX_BYTES:,} bytes, more than any recipe or study has.")
    try:
        found = parse(content.decode("utf-8-sig"), source)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise UsageError(
            f"{source}: is not UTF-8 text (byte {error.start}). Save it as UTF-8; in the name of a file that is not"
            f" UTF-8, write this byte as \\udc{byte:02x}, and the name in double quotes."
        ) from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UsageError(f"{source}: contains {_what(found)}; {what} is a mapping, with one `key: value` per line.")
    return found


def dump(data: Mapping[str, Any]) -> str:
    """YAML that `parse` reads back as the same data, in the given order."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=2**20)


def _what(value: Any) -> str:
    return "a list" if isinstance(value, list) else "a single value"
