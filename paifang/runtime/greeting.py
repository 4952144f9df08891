"""What the server prints when it serves: where phones come in, and what they compare."""

import ssl
from pathlib import Path

from paifang.runtime.words import _
from paifang.services.desk.reach import Reach
from paifang.services.live.fingerprints import Fingerprints, fingerprints


def fingerprints_of(path: Path) -> Fingerprints:
    """Return the fingerprints of a certificate file (PEM). Raises OSError and ValueError."""
    return fingerprints(ssl.PEM_cert_to_DER_cert(path.read_text(encoding="ascii")))


def greeting(reach: Reach) -> str:
    """Return the lines for the person at the host; "" where no phone can come in.

    Raises:
        OSError: The CA's certificate cannot be read.
        ValueError: It is none.
    """
    lines = []
    if reach.origin or reach.origin_by_address:
        lines.append((_("Phones:"), f"{reach.origin or reach.origin_by_address}/"))
    if reach.enrolment:
        lines.append((_("Setting up a phone:"), reach.enrolment))
    if reach.ca is not None:
        shown = fingerprints_of(reach.ca)
        lines.append((_("Number to compare there:"), shown.digits))
        lines.append((_("SHA-256 of the certificate:"), shown.sha256))
    return "".join(f"{words} {what}\n" for words, what in lines)
