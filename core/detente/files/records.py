"""What our own files hold, held against a schema: a sentence with file and key for what is damaged or was edited.

Each kind of file has one schema, a `Record`, beside the one place that reads it. What a schema does not name is let
through: another version may have written it.
"""

import copy
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from detente.errors import UsageError

_MOST = 8  # sentences of one file
_LEFT_OUT = "; it is left out."
_TYPES = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
}


def _one_folder(name: str) -> str:
    if name in ("", ".", "..") or set(name) & set("/\\\0"):
        raise ValueError("cannot be the name of a folder")
    return name


class Record(BaseModel):
    """A schema of plain data: types are as they should be, nothing is converted."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


Count = Annotated[int, Field(ge=0, lt=2**63)]
Amount = Annotated[float, Field(ge=0)]
Scores = dict[str, float | None]
"""Numbers by name; None is one that was not finite."""
FolderName = Annotated[str, Field(max_length=200), AfterValidator(_one_folder)]
"""A name that may become a folder's: it cannot lead out of the folder above."""


def checked(schema: type[BaseModel], data: Any, source: str, fix: str) -> dict[str, Any]:
    """Plain data as they are, once they fit a schema.

    Args:
        data: what a file holds.
        source: the file.
        fix: what to do about it, as a sentence ends.

    Raises:
        UsageError: they do not; a sentence for each thing that is wrong.
    """
    found = _errors(schema, data)
    if any(error["loc"] == ("format",) and error["type"] == "literal_error" for error in found):
        found, fix = [e for e in found if e["loc"] == ("format",)], "install the version of détente that wrote it"
    if found:
        more = [f"{source}: and {len(found) - _MOST} more."] if len(found) > _MOST else []
        raise UsageError("\n".join([*(f"{said(source, e)}; {fix}." for e in found[:_MOST]), *more]))
    return data


def sound(schema: type[Record], data: Any, source: str, fix: str = "") -> tuple[dict[str, Any], list[str]]:
    """What of plain data fits a schema, without the entries that do not, and a sentence for each of those.

    Args:
        schema: what they should hold.
        data: what a file holds.
        source: the file.
        fix: what to do where nothing can be shown, as a sentence ends.

    Raises:
        UsageError: without them there is nothing to show.
    """
    data, left_out = copy.deepcopy(data), []
    while found := _errors(schema, data):
        # What is missing later on is so because we took it away.
        named = [error for error in found if not left_out or error["type"] != "missing"]
        places = [_place(data, error) for error in found]
        if not all(places):
            # What was left out first is why the rest is missing now.
            wrong = [line.removesuffix(_LEFT_OUT) for line in left_out] + [said(source, error) for error in named]
            end = f"; {fix}." if fix else "."
            raise UsageError("\n".join(f"{line}{end}" for line in list(dict.fromkeys(wrong))[:_MOST]))
        left_out += [f"{said(source, error)}{_LEFT_OUT}" for error in named]
        for place in reversed(list(dict.fromkeys(places))):
            if not any(place[:i] in places for i in range(1, len(place))):
                _drop(data, place)
    return data, list(dict.fromkeys(left_out))


def _errors(schema: type[BaseModel], data: Any) -> Sequence[Any]:
    try:
        schema.model_validate(data)
    except ValidationError as error:
        return error.errors(include_url=False)
    return ()


def _place(data: Any, error: Any) -> tuple[Any, ...]:
    """The entry that an error is about, or, where one is missing, what it is missing in; empty for all of the data."""
    missing = error["type"] == "missing"
    place: list[Any] = []
    for key in error["loc"][:-1] if missing else error["loc"]:
        if not (isinstance(data, dict) and key in data) and not (isinstance(data, list) and isinstance(key, int)):
            break  # pydantic's own word for a part of an entry, such as its key
        place.append(key)
        data = data[key]
    return tuple(place)


def _drop(data: Any, place: tuple[Any, ...]) -> None:
    for key in place[:-1]:
        data = data[key]
    del data[place[-1]]


def said(source: str, error: Any) -> str:
    """One of pydantic's findings as a sentence without its end."""
    if error["type"] == "literal_error" and error["loc"] == ("format",):
        return f"{source}: has format {shorten(error['input'])}, this version reads {error['ctx']['expected']}"
    key = ".".join(str(part) for part in error["loc"] if part != "[key]")
    at = f"{source}: {key}: " if key else f"{source}: "
    kind = error["type"]
    if kind == "missing":
        return f"{at}is missing"
    value = shorten(error["input"])
    wanted = _TYPES.get(kind.partition("_")[0])
    if kind.endswith("_type") and wanted:
        return f"{at}should be {wanted}, but is {value}"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{at}{message[:1].lower()}{message[1:]}, but is {value}"


def shorten(value: Any) -> str:
    """A value for a sentence."""
    text = {None: "null", True: "true", False: "false"}.get(value) if value is None or isinstance(value, bool) else None
    try:
        text = text or repr(value)
    except ValueError:  # Python writes no number of more than some thousand digits
        text = "a number of many digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
