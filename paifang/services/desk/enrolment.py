"""What a phone is given to trust the venue's certificate: the CA itself, and a profile for Apple's.

Reads the CA's certificate, which is public; its key is no business of the desk.
"""

import plistlib
import ssl
import uuid
from pathlib import Path
from typing import Final, NamedTuple

from paifang.services.live.fingerprints import Fingerprints, fingerprints

_PROFILES: Final = uuid.UUID("4c3a1f7e-6a0e-5d0b-9b57-6f0a3c2a9d11")
"""Under which the identifiers of profiles are derived, so that a second one replaces the first."""


class Authority(NamedTuple):
    """The venue's CA as phones get it.

    Attributes:
        der: The certificate.
        shown: Its fingerprints.
    """

    der: bytes
    shown: Fingerprints


class ProfileWords(NamedTuple):
    """What an Apple device shows of a profile before it is installed, in the reader's language."""

    title: str
    about: str


def authority(path: Path | None) -> Authority | None:
    """Return the CA whose certificate is in a file (PEM), None where there is none to enrol."""
    if path is None:
        return None
    try:
        der = ssl.PEM_cert_to_DER_cert(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return Authority(der, fingerprints(der))


def mobile_profile(found: Authority, venue: str, words: ProfileWords) -> bytes:
    """Return a configuration profile that carries the CA, for iPhone, iPad and Mac.

    Its identifiers follow from the certificate: the same CA gives the same profile, and another
    CA's does not replace it.

    Args:
        found: The CA.
        venue: The venue's host name.
        words: What is shown of it.
    """
    mark = found.shown.sha256
    name = f"{venue.removesuffix('.local')}.{mark.replace(':', '')[:16].lower()}"
    common = {"PayloadVersion": 1, "PayloadOrganization": "Paifang"}
    certificate = {
        **common,
        "PayloadType": "com.apple.security.root",
        "PayloadIdentifier": f"paifang.{name}.ca",
        "PayloadUUID": str(uuid.uuid5(_PROFILES, f"{mark} ca")).upper(),
        "PayloadDisplayName": venue,
        "PayloadDescription": words.about,
        "PayloadCertificateFileName": f"{venue}.cer",
        "PayloadContent": found.der,
    }
    profile = {
        **common,
        "PayloadType": "Configuration",
        "PayloadIdentifier": f"paifang.{name}",
        "PayloadUUID": str(uuid.uuid5(_PROFILES, mark)).upper(),
        "PayloadDisplayName": words.title,
        "PayloadDescription": words.about,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [certificate],
    }
    return plistlib.dumps(profile)
