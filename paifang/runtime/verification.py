"""Checking a data directory's ledger; apart from its command, because it loads both engines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from django.db import DatabaseError, connections
from nacl.exceptions import BadSignatureError

from paifang.ledger.engine import EngineError
from paifang.ledger.findings import FINDINGS_MAX, WORDS, Finding, Report
from paifang.ledger.opening import open_reader
from paifang.ledger.verify import Signer, verify
from paifang.runtime.bootstrap import set_up_django
from paifang.runtime.data_directory import DataDirectory, open_data
from paifang.runtime.faults import CommandError
from paifang.runtime.late import verb
from paifang.runtime.settings import Settings
from paifang.runtime.words import _
from paifang.services.live.keys import Keys

SEALING: Final = "paifang.services.desk.sealing"


def verify_ledger(settings: Settings, progress: Callable[[int, int], None]) -> Report:
    """Check the ledger of a data directory. Raises CommandError and DataDirectoryError."""
    directory = open_data(settings.data, create=False)
    if not settings.database and not (directory.path / "ledger.db").exists():
        raise CommandError(_("There is no ledger in {path}.").format(path=directory.path))
    signer = signer_of(Keys(directory.secrets()))
    with _audit_of(settings, directory) as audit:
        try:
            reader = open_reader(settings.ledger_target)
            try:
                report = verify(reader.raw, signer=signer, progress=progress, seals=audit.seals)
            finally:
                reader.close()
        except EngineError as error:
            raise CommandError(
                _("The ledger cannot be read: {error}").format(error=str(error).strip())
            ) from None
        return audit.compared(report)


class _Audit:
    """The store's acts by hand beside what the journal knows of them."""

    def __init__(self, *, there: bool) -> None:
        self.seals: dict[str, str] = {}
        self._there = there
        self._sealed: set[str] = verb(SEALING, "sealed_entries")() if there else set()

    def compared(self, report: Report) -> Report:
        """Return a report with what the store tells differently."""
        if not self._there:
            return report
        found = [
            Finding(one.code, f"act {one.entry}", WORDS[one.code], {})
            for one in verb(SEALING, "differences")(self.seals, self._sealed)
        ]
        kept = (*report.findings, *found)[:FINDINGS_MAX]
        return report._replace(found=report.found + len(found), findings=kept)


@contextmanager
def _audit_of(settings: Settings, directory: DataDirectory) -> Iterator[_Audit]:
    """Open the store, where there is one, to compare its acts. Raises CommandError."""
    there = bool(settings.database) or (directory.path / "store.db").exists()
    set_up_django(settings)
    try:
        yield _Audit(there=there)
    except DatabaseError as error:
        raise CommandError(
            _("The store cannot be opened: {error}").format(error=str(error).strip())
        ) from None
    finally:
        connections.close_all()


def signer_of(keys: Keys) -> Signer:
    """Return what says whether a version of the rules bears this node's signature."""

    def is_ours(body: bytes, signature: bytes) -> bool:
        try:
            keys.signing.verify_key.verify(body, signature)
        except (BadSignatureError, ValueError):
            return False
        return True

    return is_ours
