"""What is no text is no name, whatever it is: said, and nothing is guessed."""

from typing import Any

import pytest

from detente.errors import UsageError
from detente.plugins import discover


@pytest.mark.parametrize("name", [3, 10**400, 0.5, None, True, ("ring",)])
def test_a_name_that_is_no_text_belongs_to_nobody(name: Any) -> None:
    host = discover()
    with pytest.raises(UsageError, match="There is no"):
        host.entry("domain", name)
    with pytest.raises(UsageError, match="There is no"):
        host.entry("data", "ring", name if name is not None else 0)
