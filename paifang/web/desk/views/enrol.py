"""The enrolment page: how a phone comes to trust this venue's certificate, and what it gains.

Open to everybody and without cookies: it is read over plain HTTP by phones that trust nothing yet.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Final, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from paifang.core.reasons import N_
from paifang.services.desk.context import context
from paifang.services.desk.enrolment import (
    Authority,
    ProfileWords,
    authority,
    mobile_profile,
)
from paifang.services.desk.qr import qr_svg
from paifang.services.desk.reach import Reach
from paifang.web.desk.views import problems

# What a browser says of itself, the first match counts: an Android also says Linux.
_PLATFORMS: Final = (
    ("ios", re.compile(r"iPhone|iPad")),
    ("android", re.compile(r"Android")),
    ("windows", re.compile(r"Windows")),
    ("mac", re.compile(r"Macintosh")),
    ("linux", re.compile(r"Linux|CrOS")),
)

View = Callable[..., HttpResponse]


class Level(NamedTuple):
    """A kind of connection, and what a browser allows over it."""

    code: str
    name: str
    camera: bool
    offline: bool
    note: str


_LEVELS: Final = (
    Level(
        "plain",
        N_("Plain HTTP"),
        camera=False,
        offline=False,
        note=N_("Codes are typed or come from a scanner. Others on the network can read along."),
    ),
    Level(
        "warned",
        N_("HTTPS, the warning clicked away"),
        camera=True,
        offline=False,
        note=N_(
            "Good for a borrowed phone. The warning comes back; nothing opens without a network."
        ),
    ),
    Level(
        "installed",
        N_("HTTPS, the venue's certificate installed"),
        camera=True,
        offline=True,
        note=N_("No warning. Everything works."),
    ),
    Level(
        "public",
        N_("HTTPS, a public certificate"),
        camera=True,
        offline=True,
        note=N_("Nothing to install; the operator provides it, and a name the network resolves."),
    ),
)


def in_chosen_language(view: View) -> View:
    """Let `?language=` choose the language, because a choice in a cookie is none of this page's."""

    @wraps(view)
    def chosen(request: HttpRequest, *arguments: str, **named: str) -> HttpResponse:
        language = request.GET.get("language", "")
        if language not in dict(settings.LANGUAGES):
            return view(request, *arguments, **named)
        with override(language):
            response = view(request, *arguments, **named)
        response["Content-Language"] = language
        return response

    return chosen


@never_cache
@require_safe
@in_chosen_language
def enrol(request: HttpRequest) -> HttpResponse:
    """Show how to set up a phone."""
    reach = context().reach
    return render(
        request,
        "desk/enrol.html",
        {
            "reach": reach,
            "trust": reach.trust.value,
            "authority": authority(reach.ca),
            "levels": _LEVELS,
            "platform": _platform(request.headers.get("User-Agent", "")),
        },
    )


@never_cache
@require_safe
def certificate(request: HttpRequest) -> HttpResponse:
    """Give the CA's certificate, as Android, Windows and Linux take it."""
    found = authority(context().reach.ca)
    if found is None:
        return problems.not_found(request)
    return _download(found.der, "application/x-x509-ca-cert", "ca.crt")


@never_cache
@require_safe
@in_chosen_language
def profile(request: HttpRequest) -> HttpResponse:
    """Give the CA in a configuration profile, as iPhone, iPad and Mac take it."""
    reach = context().reach
    found = authority(reach.ca)
    if found is None:
        return problems.not_found(request)
    return _download(_profile(reach, found), "application/x-apple-aspen-config", "ca.mobileconfig")


@never_cache
@require_safe
def qr_code(request: HttpRequest, which: str) -> HttpResponse:
    """Give one of the page's addresses as a QR code."""
    reach = context().reach
    text = {
        "name": reach.origin and f"{reach.origin}/",
        "address": reach.origin_by_address and f"{reach.origin_by_address}/",
        "page": reach.enrolment,
    }.get(which, "")
    if not text:
        return problems.not_found(request)
    return HttpResponse(qr_svg(text), content_type="image/svg+xml")


def _profile(reach: Reach, found: Authority) -> bytes:
    words = ProfileWords(
        title=gettext("Paifang: trust %(venue)s") % {"venue": reach.name},
        about=gettext(
            "Lets this device trust the admission host of this venue on its own network. It can "
            "vouch for no address of the internet."
        ),
    )
    return mobile_profile(found, reach.name, words)


def _download(body: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="paifang-{name}"'
    return response


def _platform(agent: str) -> str:
    """Return which steps to show opened, "" if the browser does not say what it runs on."""
    return next((name for name, form in _PLATFORMS if form.search(agent)), "")
