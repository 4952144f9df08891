"""The manager's pages of one-time links: invite somebody, show a link, withdraw it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paifang.core.rules import Role
from paifang.services.desk import staff_links
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.qr import qr_svg
from paifang.services.desk.staff import StaffError
from paifang.services.desk.staff_links import LinkError
from paifang.store.models import StaffLink
from paifang.web.desk.staff_words import ERROR_WORDS, LINK_WORDS, ROLE_WORDS
from paifang.web.desk.views import problems
from paifang.web.desk.views.staff import account_asked, asked_of, choices, wrong
from paifang.web.desk.visitor import allowed_to


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_staff)
def invite(request: HttpRequest, by: Actor) -> HttpResponse:
    """Invite somebody, then show the link to hand over."""
    if request.method != "POST":
        shown = {**choices(), "asked": {"role": Role.steward.value}, **wrong("")}
        return render(request, "desk/invite.html", shown)
    asked = asked_of(request)
    try:
        link = staff_links.invite(account_asked(asked), by=by)
    except StaffError as fault:
        shown = {**choices(), "asked": asked, **wrong(fault.code)}
        return render(request, "desk/invite.html", shown, status=422)
    return redirect("staff-link", link.pk)


@never_cache
@require_POST
@allowed_to(Act.manage_staff)
def password(request: HttpRequest, by: Actor, username: str) -> HttpResponse:
    """Make a link by which somebody chooses a new password."""
    try:
        link = staff_links.password_link(username, by=by)
    except StaffError as fault:
        messages.error(request, gettext(ERROR_WORDS[fault.code]))
        return redirect("staff")
    return redirect("staff-link", link.pk)


@never_cache
@require_GET
@allowed_to(Act.manage_staff)
def one(request: HttpRequest, by: Actor, link: UUID) -> HttpResponse:
    """Show a link with its QR code, to hand over."""
    found = staff_links.shown_link(link, by)
    if found is None:
        return problems.gone(request, gettext(LINK_WORDS["unknown"]))
    row, secret = found
    shown = {
        "link": row,
        "address": _address(request, row, secret),
        "role": gettext(ROLE_WORDS[Role(row.role)]) if row.role else "",
    }
    return render(request, "desk/staff_link.html", shown)


@never_cache
@require_GET
@allowed_to(Act.manage_staff)
def qr_code(request: HttpRequest, by: Actor, link: UUID) -> HttpResponse:
    """Give the QR code of a link."""
    found = staff_links.shown_link(link, by)
    if found is None:
        return problems.not_found(request)
    return HttpResponse(qr_svg(_address(request, *found)), content_type="image/svg+xml")


@never_cache
@require_POST
@allowed_to(Act.manage_staff)
def withdraw(request: HttpRequest, by: Actor, link: UUID) -> HttpResponse:
    """Make a link lead nowhere."""
    try:
        staff_links.withdraw(link, by=by)
    except LinkError as refused:
        return problems.gone(request, gettext(LINK_WORDS[refused.code]))
    messages.success(request, gettext("The link leads nowhere now."))
    return redirect("staff")


def _address(request: HttpRequest, row: StaffLink, secret: str) -> str:
    origin = context().reach.origin or request.build_absolute_uri("/").rstrip("/")
    return origin + reverse("join" if row.user is None else "new-password", args=[secret])
