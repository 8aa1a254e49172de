"""Sound and broken plugins, to be really installed, and what tests ask of them."""

import subprocess
from pathlib import Path

from distributions import Distribution, ask

HOOKIMPL = "from detente.hookspecs import hookimpl\n\n"


GOOD = f"""{HOOKIMPL}
print("printed while being imported")
seen = []

@hookimpl
def detente_register_domains(registry):
    registry.add("shapes", "good_heavy:Shapes", summary="circles and squares")

@hookimpl
def detente_register_models(registry):
    registry.add("blob", "good_heavy:Blob", domain="shapes", size=3)

@hookimpl
def detente_register_data(registry):
    registry.add("folder", "good_heavy:Folder", domain="shapes")

@hookimpl
def detente_register_regularizers(registry):
    registry.add("calm", "good_heavy:Calm", summary="keeps quiet")
    registry.add("typo", "good_heavy:Clam")
    registry.add("optional", "good_optional:Thing")

@hookimpl
def detente_register_metrics(registry):
    registry.add("roundness", "good_heavy:Roundness", domain="shapes")
    registry.add("spread", "good_heavy:Spread")

@hookimpl
def detente_run_started(run):
    seen.append(run)

@hookimpl
def detente_evaluated(scores):
    seen.append(scores)
"""


GOOD_HEAVY = """
class Shapes: ...
class Blob: ...
class Folder: ...
class Roundness: ...
class Spread: ...

class Calm:
    '''Keeps the critic quiet.'''
    def __init__(self, weight: float = 0.5, *, every: "int" = 1): ...
"""


OTHER = f"""{HOOKIMPL}
@hookimpl
def detente_register_domains(registry):
    registry.add("sounds", "builtins:object")

@hookimpl
def detente_register_data(registry):
    registry.add("folder", "builtins:list", domain="sounds")

@hookimpl
def detente_register_regularizers(registry):
    registry.add("twin", "builtins:int")

@hookimpl
def detente_register_metrics(registry):
    registry.add("roundness", "builtins:set", domain="sounds")
"""


RIVAL = f"""{HOOKIMPL}
@hookimpl
def detente_register_regularizers(registry):
    registry.add("twin", "builtins:float")

@hookimpl
def detente_register_metrics(registry):
    registry.add("roundness", "builtins:set")

@hookimpl
def detente_run_started(run):
    raise SystemExit("an observer that wants to stop everything")
"""


MISSPELT = f"""{HOOKIMPL}
@hookimpl
def detente_register_models(registry):
    registry.add("mirage", "builtins:int", domain="shapes")

@hookimpl
def detente_register_regularizer(registry):
    registry.add("never", "builtins:int")
"""


SIGNATURE = f"""{HOOKIMPL}
@hookimpl
def detente_register_regularizers(reg):
    reg.add("never", "builtins:int")
"""


RAISING = f"""{HOOKIMPL}
@hookimpl
def detente_register_models(registry):
    registry.add("before", "builtins:int", domain="shapes")

@hookimpl
def detente_register_regularizers(registry):
    registry.add("just-before", "builtins:int")
    raise RuntimeError("no more")

@hookimpl
def detente_register_objectives(registry):
    registry.add("after", "builtins:int")
"""


def one_module(name: str, version: str, code: str, **more: str) -> Distribution:
    module = name.replace("-", "_")
    files = {f"{module}.py": code} | {f"{path}.py": text for path, text in more.items()}
    return Distribution(name, version, files, {name.removeprefix("detente-"): module})


SOUND = [
    one_module(
        "detente-good",
        "1.0",
        GOOD,
        good_heavy=GOOD_HEAVY,
        good_optional="import package_that_nobody_installed",
    ),
    one_module("detente-other", "2.0", OTHER),
    one_module("detente-rival", "3.1", RIVAL),
]


BROKEN = [
    one_module("broken-exit", "0.1", "raise SystemExit(7)"),
    one_module("broken-hook", "0.2", RAISING),
    one_module("broken-import", "0.3", "import package_that_nobody_installed"),
    one_module("broken-signature", "0.4", SIGNATURE),
    one_module("broken-spelling", "0.5", MISSPELT),
]


def refusal(installed: Path, call: str, allow: str | None = None) -> tuple[str, str]:
    """Class and message of the error that a call on the host raises."""
    code = (
        "from detente.errors import DetenteError\n"
        "host = discover()\n"
        f"try:\n    host.{call}\n    answer = None\n"
        "except DetenteError as error:\n    answer = type(error).__name__, str(error)"
    )
    kind, message = ask(installed, code, allow)
    return kind, message


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
