"""The manager's pages of staff: list, add, change, suspend."""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language_info, gettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paifang.core import limits
from paifang.core.reasons import N_
from paifang.core.rules import Role
from paifang.services.desk import staff
from paifang.services.desk.permissions import ALLOWED, Act, Actor
from paifang.services.desk.repair import told_the_gates
from paifang.services.desk.second_factor import has_second_factor, reset_second_factor
from paifang.services.desk.staff import Account, StaffError
from paifang.services.desk.staff_links import invitations
from paifang.services.desk.staff_list import Member, member, members
from paifang.store.models.people import USERNAME_CHARS_MAX
from paifang.web.desk.export import Listed, format_asked, sheet
from paifang.web.desk.staff_words import (
    ACT_WORDS,
    ERROR_FIELDS,
    ERROR_WORDS,
    ROLE_HINTS,
    ROLE_WORDS,
)
from paifang.web.desk.views import problems
from paifang.web.desk.views.sign_in import PASSWORD_CHARS_MAX
from paifang.web.desk.visitor import allowed_to

COLUMNS: Final = (N_("User name"), N_("Role"), N_("PIN"), N_("Cards"), N_("State"))
TEXT_FIELDS: Final = ("username", "name", "role", "language", "pin", "card", "why")


@never_cache
@require_GET
@allowed_to(Act.see_staff)
def listed(request: HttpRequest, by: Actor) -> HttpResponse | StreamingHttpResponse:
    """Show everybody who may sign in, and those who could; `format` gives them out as a file."""
    found = [(one, gettext(ROLE_WORDS[one.role])) for one in members(by)]
    if fmt := format_asked(request):
        return sheet(request, by, _as_list(found), fmt, act=Act.see_staff)
    shown: dict[str, Any] = {
        "members": found,
        "manages": by.may(Act.manage_staff),
    }
    if by.may(Act.manage_staff):
        shown["invited"] = [
            (link, gettext(ROLE_WORDS[Role(link.role)])) for link in invitations(by)
        ]
    return render(request, "desk/staff.html", shown)


def _as_list(found: list[tuple[Member, str]]) -> Listed:
    header = [pgettext("of a person", "Name"), *(gettext(word) for word in COLUMNS)]
    rows = [
        (
            one.user.name,
            one.user.username,
            role,
            gettext("yes") if one.has_pin else "",
            one.cards or "",
            gettext("Active") if one.user.is_active else gettext("Suspended"),
        )
        for one, role in found
    ]
    return Listed("staff", header, rows, len(rows))


@never_cache
@require_GET
@allowed_to(Act.see_staff)
def roles(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show the table of who may do what."""
    del by
    shown = {
        "roles": [(gettext(ROLE_WORDS[role]), gettext(ROLE_HINTS[role])) for role in Role],
        "rows": [
            (act.value, gettext(ACT_WORDS[act]), [role in ALLOWED[act] for role in Role])
            for act in Act
        ],
    }
    return render(request, "desk/roles.html", shown)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.manage_staff)
def new(request: HttpRequest, by: Actor) -> HttpResponse:
    """Add a member of staff whose password the manager chooses."""
    if request.method != "POST":
        return _form(request, {"role": Role.steward.value})
    asked = asked_of(request)
    password = request.POST.get("password", "")[:PASSWORD_CHARS_MAX]
    if password != request.POST.get("again", ""):
        return _form(request, asked, "passwords_differ")
    try:
        with told_the_gates() as told:
            staff.add_staff(
                asked["username"], account_asked(asked), password=password, pin=asked["pin"], by=by
            )
    except StaffError as fault:
        return _form(request, asked, fault.code)
    _say(request, gettext("%(name)s can sign in now.") % {"name": asked["name"]}, told_all=told.ok)
    return redirect("staff")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.see_staff)
def one(request: HttpRequest, by: Actor, username: str) -> HttpResponse:
    """Show a member of staff; POST gives another name, role or language."""
    found = member(username, by)
    if found is None:
        return problems.not_found(request)
    if request.method != "POST":
        return _one(request, by, found)
    asked = asked_of(request)
    try:
        with told_the_gates() as told:
            staff.change_account(username, account_asked(asked), by=by)
    except StaffError as fault:
        return _one(request, by, found, asked, fault.code)
    _say(request, gettext("Saved."), told_all=told.ok)
    return redirect("staff-one", username)


@never_cache
@require_POST
@allowed_to(Act.manage_staff)
def pin(request: HttpRequest, by: Actor, username: str) -> HttpResponse:
    """Give somebody a new PIN, or take it."""
    asked = asked_of(request)

    def act() -> str:
        staff.set_pin(username, asked["pin"], by=by)
        return gettext("The new PIN holds.") if asked["pin"] else gettext("The PIN is gone.")

    return _done(request, by, username, act)


@never_cache
@require_POST
@allowed_to(Act.manage_staff)
def card(request: HttpRequest, by: Actor, username: str) -> HttpResponse:
    """Let somebody sign on with a card; without a number all their cards are taken."""
    asked = asked_of(request)

    def act() -> str:
        if request.POST.get("remove"):
            staff.remove_cards(username, by=by)
            return gettext("The cards are taken.")
        staff.add_card(username, asked["card"], by=by)
        return gettext("The card is known now.")

    return _done(request, by, username, act)


@never_cache
@require_POST
@allowed_to(Act.manage_staff)
def active(request: HttpRequest, by: Actor, username: str) -> HttpResponse:
    """Suspend somebody for a reason, or take them back."""
    asked, back = asked_of(request), bool(request.POST.get("back"))

    def act() -> str:
        if not back and not asked["why"]:
            raise StaffError("reason_missing")
        staff.set_active(username, active=back, why=asked["why"], by=by)
        return gettext("They can sign in again.") if back else gettext("They are out everywhere.")

    return _done(request, by, username, act)


@never_cache
@require_POST
@allowed_to(Act.manage_staff)
def second_factor(request: HttpRequest, by: Actor, username: str) -> HttpResponse:
    """Take somebody's second factor, as after a phone was lost."""

    def act() -> str:
        reset_second_factor(username, why=asked_of(request)["why"], by=by)
        return gettext("The second factor is gone. The password alone is asked for now.")

    return _done(request, by, username, act)


def _done(request: HttpRequest, by: Actor, username: str, act: Callable[[], str]) -> HttpResponse:
    """Do something to an account and say so, or show its page with what is wrong."""
    found = member(username, by)
    if found is None:
        return problems.not_found(request)
    try:
        with told_the_gates() as told:
            words = act()
    except StaffError as fault:
        return _one(request, by, found, None, fault.code)
    _say(request, words if told.ok else "", told_all=told.ok)
    return redirect("staff-one", username)


def _say(request: HttpRequest, words: str, *, told_all: bool) -> None:
    if told_all:
        messages.success(request, words)
    else:
        messages.warning(request, gettext(ERROR_WORDS["gates_untold"]))


def asked_of(request: HttpRequest) -> dict[str, str]:
    """Return the texts of a form about somebody."""
    return {
        name: request.POST.get(name, "").strip()[: limits.REASON_TEXT_CHARS_MAX]
        for name in TEXT_FIELDS
    }


def account_asked(asked: dict[str, str]) -> Account:
    """Return an account as typed; a role or language that is none counts as the least."""
    role = Role(asked["role"]) if asked["role"] in [one.value for one in Role] else Role.steward
    known = [code for code, _words in settings.LANGUAGES]
    return Account(asked["name"], role, asked["language"] if asked["language"] in known else "")


def choices() -> dict[str, Any]:
    """Return the roles and languages a form offers."""
    return {
        "roles": [
            (role.value, gettext(ROLE_WORDS[role]), gettext(ROLE_HINTS[role])) for role in Role
        ],
        "languages": [
            (code, get_language_info(code)["name_local"]) for code, _words in settings.LANGUAGES
        ],
        "name_chars_max": limits.NAME_CHARS_MAX,
        "username_chars_max": USERNAME_CHARS_MAX,
        "reason_chars_max": limits.REASON_TEXT_CHARS_MAX,
    }


def wrong(code: str) -> dict[str, Any]:
    """Return what a template says of a fault: at its field, or above the form."""
    if not code:
        return {"wrong": {}, "trouble": ""}
    words, field = gettext(ERROR_WORDS[code]), ERROR_FIELDS.get(code)
    return {"wrong": {field: words} if field else {}, "trouble": "" if field else words}


def _form(request: HttpRequest, asked: dict[str, str], code: str = "") -> HttpResponse:
    shown = {**choices(), "asked": asked, **wrong(code)}
    return render(request, "desk/staff_new.html", shown, status=422 if code else 200)


def _one(
    request: HttpRequest,
    by: Actor,
    found: Member,
    asked: dict[str, str] | None = None,
    code: str = "",
) -> HttpResponse:
    user = found.user
    present = {"name": user.name, "role": user.role, "language": user.language}
    shown = {
        **choices(),
        "member": found,
        "role": gettext(ROLE_WORDS[found.role]),
        "asked": asked or present,
        "manages": by.may(Act.manage_staff),
        "themself": user.username == by.name,
        "second_factor": has_second_factor(user),
        **wrong(code),
    }
    return render(request, "desk/staff_one.html", shown, status=422 if code else 200)
