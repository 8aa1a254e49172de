"""How long a command takes before it does anything: processor time of `detente --help` and of others without torch."""

import subprocess
import sys

TARGET = 0.4
"""Seconds of processor time."""
COMMANDS = (("--help",), ("plugins",), ("plugins", "--json"), ("train", "--help"))


def seconds(arguments: tuple[str, ...], times: int = 6) -> float:
    """The least processor time of several starts: a busy machine only ever adds."""
    code = (
        "import sys, time\n"
        "from detente.cli import main\n"
        f"main({list(arguments)!r})\n"
        "print(time.process_time(), file=sys.stderr)"
    )
    call = [sys.executable, "-c", code]
    runs = (subprocess.run(call, capture_output=True, text=True, check=True) for _ in range(times))
    return min(float(done.stderr.split()[-1]) for done in runs)


def start_rows() -> dict[str, float]:
    """Print what each command takes, and whether it meets the target."""
    print("start-up: processor time")
    rows: dict[str, float] = {}
    for arguments in COMMANDS:
        used = rows[" ".join(arguments)] = seconds(arguments)
        name = f"detente {' '.join(arguments)}"
        print(f"  {name:24} {used:5.2f} s   target {TARGET:.2f}: {'met' if used < TARGET else 'MISSED'}")
    return rows
