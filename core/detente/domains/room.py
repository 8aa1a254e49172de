"""How much memory there is, and a refusal of what cannot fit into it, before anything of that size is there."""

import contextlib
import os
from pathlib import Path

from detente.errors import UsageError


def memory() -> int | None:
    """Bytes of this machine that there are for this process in all, whoever uses them now; None where not known."""
    found: list[int] = []
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on Windows
        import resource

        found += [limit for limit in resource.getrlimit(resource.RLIMIT_AS) if limit != resource.RLIM_INFINITY]
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):  # of a container
        try:
            found.append(int(Path(limit).read_text(encoding="ascii")))
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
    return min(found, default=None)


def check_memory(what: str, needed: int) -> None:
    """Refuse what this machine has no memory for, with both numbers.

    Args:
        what: is asked for, such as `data.size: 1,859 pictures of 3 × 5000 × 5000`.
        needed: bytes, at least.

    Raises:
        UsageError: there is less.
    """
    there = memory()
    if there is not None and needed > there:
        raise UsageError(too_large(what, needed, "this machine", there))


def too_large(what: str, needed: int, where: str, there: int) -> str:
    """The sentence of that refusal."""
    return f"{what}: at least {in_bytes(needed)} of memory are needed, and {where} has {in_bytes(there)}. Ask for less."


def short_count(n: int) -> str:
    """A number of things, whatever its size."""
    digits = str(n)
    return f"{n:,}" if len(digits) < 16 else f"{digits[0]}.{digits[1:3]}e{len(digits) - 1}"


def in_bytes(n: int) -> str:
    """A number of bytes in the unit that suits it."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while n >= 1024 * 1024 and len(units) > 2:
        n, units = n // 1024, units[1:]
    if n < 1024:
        return f"{n} bytes"
    return f"{n / 1024:,.1f} {units[1]}" if n < 2**60 else f"{short_count(n // 1024)} {units[1]}"
