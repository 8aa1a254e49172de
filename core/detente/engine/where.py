"""Which layers or parameters a regularizer acts on: glob patterns of their names."""

from fnmatch import fnmatchcase

from detente.errors import UsageError

Where = str | list[str] | None
_NOT = "not "


def matches(name: str, where: Where) -> bool:
    """Whether `where` names `name`, with or without its leading path.

    `where` is a glob, a list of globs, or None for all. A glob after "not " takes away: `not head` is all but the head,
    and `["conv*", "not conv1"]` the convolutions but the first.
    """
    if where is None:
        return True
    parts = name.split(".")
    tails = [".".join(parts[i:]) for i in range(len(parts))]
    globs = [where] if isinstance(where, str) else where
    left_out = [glob.removeprefix(_NOT).strip() for glob in globs if glob.startswith(_NOT)]
    taken = [glob for glob in globs if not glob.startswith(_NOT)] or ["*"] * bool(left_out)
    return any(fnmatchcase(t, g) for t in tails for g in taken) and not any(
        fnmatchcase(t, g) for t in tails for g in left_out
    )


def check_left_out(names: list[str], where: Where, what: str) -> None:
    """Whether each glob after "not " leaves something out: one that does not is misspelt.

    Raises:
        UsageError: naming the first that does not, and the names that there are.
    """
    for glob in [where] if isinstance(where, str) else where or ():
        if glob.startswith(_NOT) and not any(matches(name, glob.removeprefix(_NOT).strip()) for name in names):
            raise UsageError(
                f"no {what} matches {glob.removeprefix(_NOT).strip()!r} of where={where!r}, so it leaves nothing out; "
                f"there are {', '.join(dict.fromkeys(names)) or 'none'}."
            )
