"""Importing a list of attendees, from the command line."""

from collections.abc import Callable
from pathlib import Path

from paifang.runtime.faults import CommandError
from paifang.runtime.words import _, is_chinese
from paifang.services.desk.attendees import FileError
from paifang.services.desk.importing import (
    ImportFault,
    ImportOptions,
    ImportReport,
    import_attendees,
)


def _words(fault: ImportFault) -> CommandError:
    words = {
        "event_unknown": _("There is no event “{text}”."),
        "product_unknown": _("The event has no ticket type “{text}”."),
    }
    said = words.get(fault.code, fault.code).format(text=fault.text)
    if fault.choices:
        said += " " + _("There are: {names}.").format(names=", ".join(fault.choices))
    return CommandError(said)


def run(
    path: Path,
    *,
    event: str,
    product: str,
    dry_run: bool,
    progress: Callable[[int, int], None],
) -> ImportReport:
    """Import a list. Raises CommandError and LedgerFault."""
    options = ImportOptions(
        event=event,
        product=product,
        dry_run=dry_run,
        actor="command line",
        progress=progress,
        translate=_,
        is_chinese=is_chinese(),
    )
    try:
        return import_attendees(path, options)
    except ImportFault as fault:
        raise _words(fault) from None
    except FileError as fault:
        raise CommandError(f"{path}: {fault.words(_)}") from None
    except OSError as error:
        raise CommandError(
            _("{path} cannot be used: {error}").format(path=path, error=error.strerror or error)
        ) from None
