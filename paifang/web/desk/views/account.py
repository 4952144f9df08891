"""One's own account: who one is here, and what one may do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from paifang.core.rules import Role
from paifang.services.desk.permissions import Act, Actor
from paifang.web.desk.staff_words import ACT_WORDS, ROLE_HINTS, ROLE_WORDS
from paifang.web.desk.visitor import for_staff, staff_of


@never_cache
@require_GET
@for_staff
def account(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show one's own account."""
    user = staff_of(request)
    role = Role(user.role) if user else Role.steward
    shown = {
        "staff": user,
        "role": gettext(ROLE_WORDS[role]),
        "hint": gettext(ROLE_HINTS[role]),
        "acts": [gettext(ACT_WORDS[act]) for act in Act if by.may(act)],
    }
    return render(request, "desk/account.html", shown)
