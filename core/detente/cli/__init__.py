"""The command line, a file for each group of verbs. Heavy imports stand inside the functions."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code. `detente` and `python -m detente` end with it."""
    from detente.cli.app import main

    return main(arguments)
