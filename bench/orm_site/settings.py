"""Settings of the comparison: no middleware, persistent connections, as durable as the ledger."""

import os
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

_URL: Final = os.environ["ORM_SITE_DATABASE"]

SECRET_KEY = "only for the benchmark"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["bench.orm_site"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.orm_site.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True


def _postgres(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.strip("/"),
        "USER": parts.username,
        "HOST": parse_qs(parts.query)["host"][0],
        "CONN_MAX_AGE": None,
    }


def _sqlite(path: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


DATABASES = {"default": _postgres(_URL) if "://" in _URL else _sqlite(_URL)}
