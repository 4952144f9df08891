"""The terminal's page, its service worker and its manifest, at addresses of their own.

The built files lie below /static/terminal/; a service worker may only rule what lies below itself,
so page and worker are served from /terminal/.
"""

from pathlib import Path
from typing import Final

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.templatetags.static import static
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

_NOT_BUILT: Final = "The terminal is not built in this checkout: make assets\n"
_NO_CACHE: Final = "no-cache"
"""Kept, and asked for again each time: what an update brings is there at once."""


@require_safe
def page(_request: HttpRequest) -> HttpResponse:
    """Answer with the terminal's page, the same for every terminal and nobody signed in."""
    return _built("terminal/index.html", "text/html; charset=utf-8")


@require_safe
def service_worker(_request: HttpRequest) -> HttpResponse:
    """Answer with the worker that lets the page open with no network."""
    return _built("terminal/sw.js", "text/javascript; charset=utf-8")


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """Answer with what a home screen needs to know, in the visitor's language."""
    answer = JsonResponse(
        {
            "id": "/terminal/",
            "name": gettext("Paifang terminal"),
            "short_name": gettext("Terminal"),
            "lang": request.LANGUAGE_CODE,
            "start_url": "/terminal/",
            "scope": "/terminal/",
            "display": "standalone",
            "background_color": "#0b0f14",
            "theme_color": "#0b0f14",
            "icons": [
                {"src": static("desk/icon.svg"), "sizes": "any", "type": "image/svg+xml"},
                _picture("icon-192.png", 192),
                _picture("icon-512.png", 512),
                {**_picture("icon-maskable-512.png", 512), "purpose": "maskable"},
            ],
        },
        content_type="application/manifest+json",
    )
    answer["Cache-Control"] = _NO_CACHE
    return answer


def _picture(name: str, side: int) -> dict[str, str]:
    """Return one of the icons that tools/terminal_icons.py draws, for systems that take no SVG."""
    return {"src": static(f"desk/{name}"), "sizes": f"{side}x{side}", "type": "image/png"}


def _built(name: str, content_type: str) -> HttpResponse:
    """Answer with a file of the build, 404 in a checkout where nothing is built yet."""
    path = finders.find(name)
    if not isinstance(path, str):
        return HttpResponseNotFound(_NOT_BUILT, content_type="text/plain; charset=utf-8")
    answer = HttpResponse(Path(path).read_bytes(), content_type=content_type)
    answer["Cache-Control"] = _NO_CACHE
    return answer
