"""Loads what may only be imported once Django is set up, by name, as Django does itself.

Django's models cannot be imported before the settings are known, and the live process must never
import them at all; so nothing that reaches them stands in an import at the head of these modules.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

from paifang.runtime.settings import Settings


def verb(module: str, name: str) -> Callable[..., Any]:
    """Return a function of a module that imports Django's models; Django is set up by then."""
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def desk_context(settings: Settings) -> AbstractContextManager[object]:
    """Return `bootstrap.desk_context`; commands that need no Django start without its weight."""
    found: AbstractContextManager[object] = verb("paifang.runtime.bootstrap", "desk_context")(
        settings
    )
    return found
