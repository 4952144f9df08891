"""Checking a data directory's ledger; apart from its command, because it loads both engines."""

from collections.abc import Callable

from nacl.exceptions import BadSignatureError

from paifang.ledger.engine import EngineError
from paifang.ledger.opening import open_reader
from paifang.ledger.verify import Report, Signer, verify
from paifang.runtime.data_directory import open_data
from paifang.runtime.faults import CommandError
from paifang.runtime.settings import Settings
from paifang.runtime.words import _
from paifang.services.live.keys import Keys


def verify_ledger(settings: Settings, progress: Callable[[int, int], None]) -> Report:
    """Check the ledger of a data directory. Raises CommandError and DataDirectoryError."""
    directory = open_data(settings.data, create=False)
    if not settings.database and not (directory.path / "ledger.db").exists():
        raise CommandError(_("There is no ledger in {path}.").format(path=directory.path))
    signer = signer_of(Keys(directory.secrets()))
    try:
        reader = open_reader(settings.ledger_target)
        try:
            return verify(reader.raw, signer=signer, progress=progress)
        finally:
            reader.close()
    except EngineError as error:
        raise CommandError(
            _("The ledger cannot be read: {error}").format(error=str(error).strip())
        ) from None


def signer_of(keys: Keys) -> Signer:
    """Return what says whether a version of the rules bears this node's signature."""

    def is_ours(body: bytes, signature: bytes) -> bool:
        try:
            keys.signing.verify_key.verify(body, signature)
        except (BadSignatureError, ValueError):
            return False
        return True

    return is_ours
