"""Builds tiny wheels by hand and really installs them, so that tests meet what users have."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import detente


@dataclass(frozen=True)
class Distribution:
    """A pure-Python distribution.

    Args:
        files: path inside the wheel → content.
        plugins: entry points of the group `detente`: name → `module` or `module:object`.
        said: further lines of METADATA; an empty line and a readme may end them.
    """

    name: str
    version: str
    files: Mapping[str, str]
    plugins: Mapping[str, str] = field(default_factory=dict[str, str])
    said: str = ""

    def build(self, folder: Path) -> Path:
        """Write the wheel and return its path."""
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        info = f"{stem}.dist-info"
        points = "".join(f"{name} = {target}\n" for name, target in self.plugins.items())
        files = {
            **self.files,
            f"{info}/METADATA": (f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n{self.said}"),
            f"{info}/WHEEL": ("Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            f"{info}/entry_points.txt": f"[detente]\n{points}",
        }
        record = "".join(f"{path},{_digest(text)}\n" for path, text in files.items())
        files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
        wheel = folder / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
        return wheel


def _digest(text: str) -> str:
    raw = text.encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(raw)}"


def install(distributions: list[Distribution], wheels: Path, target: Path) -> None:
    """Install all of them with one call of pip: no index, no network."""
    paths = [str(distribution.build(wheels)) for distribution in distributions]
    subprocess.run(
        [
            *[sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
            *["--no-index", "--no-deps", "--no-compile", "--target", str(target), *paths],
        ],
        check=True,
    )


def run_with(
    installed: Path, code: str, allow: str | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that sees the installed distributions besides its own.

    Args:
        allow: value of DETENTE_PLUGINS; None leaves it unset.
    """
    env = {k: v for k, v in os.environ.items() if k != "DETENTE_PLUGINS"}
    core = Path(detente.__path__[0]).parent
    env["PYTHONPATH"] = os.pathsep.join([str(installed), str(core)])
    if allow is not None:
        env["DETENTE_PLUGINS"] = allow
    return subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ask(installed: Path, code: str, allow: str | None = None) -> Any:
    """Run code that assigns `answer` after discovery and return that answer."""
    prelude = "import json, sys\nfrom detente.plugins import discover\n"
    done = run_with(installed, f"{prelude}{code}\nprint(json.dumps(answer))", allow)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
