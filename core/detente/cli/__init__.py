"""The command line, a file for each group of commands. Heavy imports are inside the functions."""

import sys

from detente.compat import require, without_pydantic_plugins
from detente.errors import MissingExtraError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code. `detente` and `python -m detente` end with it."""
    try:
        require("run", "typer", "rich", "pydantic", "yaml")
    except MissingExtraError:
        print("Error: The command line is not installed. Install it with: pip install 'detente[run]'", file=sys.stderr)
        return MissingExtraError.exit_code
    without_pydantic_plugins()
    from detente.cli.app import main

    return main(arguments)
