"""What Django is told. Everything a person may set comes from the environment of the process.

The store is `DATA/store.db`, opened by sqlite3 only, or the database of a PostgreSQL URL. Without a
data directory (checks of the sources) it is in memory, and nothing that is signed outlives the
process.
"""

import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from paifang import web
from paifang.runtime.mail_server import mail_server

_DATA: Final = os.environ.get("PAIFANG_DATA", "")
_DATABASE: Final = os.environ.get("PAIFANG_DATABASE", "")
_BUSY_TIMEOUT_S: Final = 10
_CONNECT_TIMEOUT_S: Final = 5


def sqlite_store(data: str) -> dict[str, Any]:
    """Return the database of a data directory, or one in memory.

    FULL, because accounts and configuration are authored here: what was acknowledged stays.
    IMMEDIATE, because a transaction that first reads, then writes would fail instead of waiting.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(Path(data) / "store.db") if data else ":memory:",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": _BUSY_TIMEOUT_S,
            "transaction_mode": "IMMEDIATE",
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
            ),
        },
    }


def postgresql_store(url: str) -> dict[str, Any]:
    """Return the database of a PostgreSQL URL; its query goes to libpq as it is."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": query.pop("port", "") or str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": _CONNECT_TIMEOUT_S, **query},
    }


def secret_key(data: str) -> str:
    """Return the key that signs sessions; derived from the node's secrets, it moves with them."""
    keys = Path(data) / "keys.json"
    if not data or not keys.is_file():
        return secrets.token_urlsafe(50)
    master = bytes.fromhex(json.loads(keys.read_bytes())["master"])
    return hmac.digest(master, b"paifang/django-secret-key", "sha512").hex()


_WEB: Final = Path(web.__file__).parent / "desk"

SECRET_KEY = secret_key(_DATA)
DEBUG = False
# The desk answers on a Unix socket behind the live process, which passes the visitor's Host on. A
# venue's name and addresses change with its network; links are made relative, never from the Host.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "paifang.store",
    "paifang.web.desk",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "paifang.web.desk.middleware.ContentSecurity",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "paifang.web.desk.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "paifang.web.desk.navigation.rooms",
            ],
        },
    },
]
WSGI_APPLICATION = None

# In the store, so that what one desk process remembers (a second factor's code that was used) holds
# for all of them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "store_sharedcache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

DATABASES = {"default": postgresql_store(_DATABASE) if _DATABASE else sqlite_store(_DATA)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "store.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Accounts are made by managers and invitations; nothing of allauth is reachable but what
# web/desk/staff_urls.py names. Tries are counted by services.desk.sign_in alone.
ACCOUNT_ADAPTER = "paifang.web.desk.accounts.Accounts"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_RATE_LIMITS = False
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
MFA_ADAPTER = "paifang.web.desk.accounts.SecondFactors"
MFA_FORMS = {
    "authenticate": "paifang.web.desk.accounts.CodeForm",
    "reauthenticate": "paifang.web.desk.accounts.ConfirmCodeForm",
    "activate_totp": "paifang.web.desk.accounts.ActivateForm",
}
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Paifang"
MFA_TOTP_TOLERANCE = 1
LOGIN_URL = "/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "Chinese")]
LOCALE_PATHS = [str(Path(web.__file__).parent.parent / "locale")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
# Served from the package's own folders and asked for again each time (304): what an update brings
# is there at once, and no step of collecting can be forgotten.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 0
WHITENOISE_ALLOW_ALL_ORIGINS = False
# The terminal's files have a hash of their content in their name.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/terminal/assets/"

SESSION_COOKIE_NAME = "paifang_session"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "paifang_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "paifang.web.desk.views.problems.csrf_failure"
LANGUAGE_COOKIE_NAME = "paifang_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
# Plain HTTP on a venue's network must be able to sign in too, so cookies are marked secure per
# request (middleware.ContentSecurity), not for all.
SESSION_COOKIE_SECURE = False
CSRF_COOKIE_SECURE = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
# Set per request (middleware.ContentSecurity): browsers ignore it over plain HTTP, and complain.
SECURE_CROSS_ORIGIN_OPENER_POLICY = None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
SILENCED_SYSTEM_CHECKS = [
    "security.W004",  # no HSTS: a phone that learned it could never enrol again over plain HTTP
    "security.W008",  # no redirect to HTTPS: plain HTTP is served on the venue's network on purpose
    "security.W012",  # session cookie: marked secure per request
    "security.W016",  # CSRF cookie: the same
]

# Letters; who may be sent one, and that none is sent twice, is the matter of services.desk.
_MAIL: Final = mail_server(os.environ.get("PAIFANG_SMTP_URL", "")).as_django()
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _MAIL["EMAIL_HOST"]
EMAIL_PORT = _MAIL["EMAIL_PORT"]
EMAIL_HOST_USER = _MAIL["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _MAIL["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _MAIL["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = _MAIL["EMAIL_TIMEOUT"]
DEFAULT_FROM_EMAIL = os.environ.get("PAIFANG_MAIL_FROM", "")
PUBLIC_URL = os.environ.get("PAIFANG_PUBLIC_URL", "").rstrip("/")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "paifang.runtime.json_log.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # Replaces Django's own handlers, which would mail and print whole requests.
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # Refused requests are the visitor's affair; they are in the metrics.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "ERROR"},
        "paifang": {"level": "INFO"},
    },
}
