"""Loads what may only be imported once Django is set up, by name, as Django does itself.

Django's models cannot be imported before the settings are known, and the live process must never
import them at all; so nothing that reaches them stands in an import at the head of these modules.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def verb(module: str, name: str) -> Callable[..., Any]:
    """Return a function of a module that imports Django's models; Django is set up by then."""
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
