"""Paths as users name them, which a sentence may show whatever is in their names."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from detente.errors import visible_name

if TYPE_CHECKING:
    _Path = Path
else:
    _Path = type(Path())  # before Python 3.12 only this system's own kind of path can be inherited from


class Named(_Path):
    """A path that f-strings show with every unseen character spelled out, line ends and tabs too.

    So is every path that is made from one. For the file system, and for `str`, it is a path as any other.
    """

    def __format__(self, spec: str) -> str:
        return format(visible_name(str(self)), spec)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """For pydantic, by which newer releases of typer read a command line: whatever a path can be made from."""
        from pydantic import PlainValidator

        return handler.generate_schema(Annotated[Any, PlainValidator(lambda given: cls(given))])
