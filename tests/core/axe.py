"""axe-core, which looks for what keeps people from using a page; it is not part of this project.

`make axe` puts it into node_modules/. Tests that need it are skipped where it is not there.
"""

from pathlib import Path
from typing import Any

from chromium import Browser

_PLACE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SCRIPT = _PLACE.read_text(encoding="utf-8") if _PLACE.is_file() else None
WHY_NOT = "axe-core is not here; `make axe` installs it, with npm"


def violations(browser: Browser) -> list[Any]:
    """What it finds on the page that is shown, with where; empty if nothing."""
    assert SCRIPT is not None
    browser.run(f"(() => {{ {SCRIPT}; }})()")
    found = browser.run("axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations)")
    return [(each["id"], each["help"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found]
