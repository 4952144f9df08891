"""What the set-up says: why something is refused, and what is to be known first."""

from typing import Any, Final

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from paifang.services.desk.set_up.faults import Note, Refused
from paifang.store.models import Gate
from paifang.web.desk.set_up.fields import named

USES: Final[dict[str, Any]] = {
    "sites": _("sites"),
    "zones": _("zones"),
    "gates": _("gates"),
    "events": _("events"),
    "sessions": _("sessions"),
    "products": _("products"),
    "terminals": _("terminals"),
    "tickets": _("tickets"),
    "passages": _("passages at gates"),
}

REFUSALS: Final[dict[str, Any]] = {
    "gone": _("Somebody has taken this away in the meantime."),
    "slug_in_use": _("The short name stays: tickets, terminals or reports name it."),
    "zone_moves": _("The zone stays at its site: products or passages name it. Make another one."),
    "gate_moves": _(
        "The gate stays in its zone: products name it. Take it out of them first, or make "
        "another gate."
    ),
    "site_in_use": _(
        "Products of this event open a zone of the site you left out. Change them first."
    ),
    "session_moves": _("Tickets were issued for it: it stays with its event. Make another one."),
    "entitlement_moves": _(
        "Tickets were issued: this place stays at its site. Add another place, or make another "
        "product."
    ),
    "entitlement_has_tickets": _(
        "Tickets were issued that open this place, so it stays. To end it, set its last day, or "
        "make another product for tickets from now on."
    ),
    "issuing_now": _("Tickets are being issued at this moment. Try again in a minute."),
    "too_many_sessions": _("These are too many sessions for one go. Take fewer days or hours."),
    "file_missing": _("Choose a picture first."),
    "file_too_large": _("The file is too large for a plan. Save the picture smaller."),
    "file_too_many_pixels": _("The picture has too many pixels. Save it smaller."),
    "file_no_picture": _("This is no picture in PNG, JPEG or WebP, whatever its name says."),
    "too_many_prices": _("These are more prices than one product can have."),
    "one_currency": _("All prices of a product are in one currency."),
    "too_many": _("These are more places than one ticket can open."),
}


def refusal_words(refused: Refused) -> str:
    """Return why a change is not made, and what to do instead."""
    if refused.code == "in_use":
        uses = gettext(", ").join(str(USES[use]) for use in refused.uses)
        if "tickets" in refused.uses or "passages" in refused.uses:
            return gettext(
                "It cannot be taken away, the records name it: %(uses)s. Give it an end, or "
                "another name, instead."
            ) % {"uses": uses}
        return gettext("It cannot be taken away yet, take these away first: %(uses)s.") % {
            "uses": uses
        }
    return str(REFUSALS[refused.code])


def note_words(note: Note) -> str:
    """Return what somebody should know before they go on."""
    figures = note.figures
    if note.code == "tickets_issued":
        told = ngettext(
            "%(tickets)s ticket has been issued already and changes with it.",
            "%(tickets)s tickets have been issued already and change with it.",
            figures["tickets"],
        ) % {"tickets": f"{figures['tickets']:,}"}
        if not note.gates:
            return told
        names = [named(gate) for gate in Gate.objects.filter(slug__in=note.gates).order_by("name")]
        return told + " " + gettext("Gates: %(gates)s.") % {"gates": gettext(", ").join(names)}
    if note.code == "cap_below_inside":
        return gettext(
            "%(inside)s people are inside now, more than the %(cap)s you allow. Nobody else gets "
            "in until enough have left."
        ) % {"inside": f"{figures['inside']:,}", "cap": f"{figures['cap']:,}"}
    return gettext(
        "Tickets for %(people)s people have been issued, more than the %(cap)s you allow. Those "
        "who come last will be turned away."
    ) % {"people": f"{figures['people']:,}", "cap": f"{figures['cap']:,}"}
