"""Which loggers' packages are there."""

import importlib.util

import pytest


def needs(package: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(package) is None
    return pytest.mark.skipif(missing, reason=f"{package} is not installed: pip install 'detente[{package}]'")
