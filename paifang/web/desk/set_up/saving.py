"""How a form of the set-up is kept, and what is shown when it is not."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest
from django.utils.translation import gettext

from paifang.core import limits
from paifang.services.desk.repair import told_the_gates
from paifang.services.desk.set_up.faults import AskFirst, ChangedMeanwhile, Refused
from paifang.store.models.base import Named
from paifang.web.desk.set_up.fields import SetUpForm
from paifang.web.desk.set_up.words import note_words, refusal_words


class Outcome(NamedTuple):
    """What became of a form: 302 if it was kept, else what the page says above it."""

    shown: dict[str, Any] = {}  # noqa: RUF012 - never changed
    status: int = 422


def kept(request: HttpRequest, form: SetUpForm, verb: Callable[[], Named]) -> Outcome:
    """Carry out a verb, and turn what it raises into words at the field or above the form."""
    try:
        with told_the_gates() as told:
            verb()
    except ValidationError as error:
        put_errors(form, error)
        return Outcome()
    except Refused as refused:
        words = refusal_words(refused)
        if refused.field in form.fields:
            form.add_error(refused.field, words)
            return Outcome()
        return Outcome({"trouble": words}, 409)
    except ChangedMeanwhile as meanwhile:
        return _theirs(form, meanwhile)
    except AskFirst as first:
        notes = [note_words(note) for note in first.notes]
        return Outcome({"notes": notes, "reason_chars_max": limits.REASON_TEXT_CHARS_MAX}, 409)
    say_kept(request, gates_told=told.ok)
    return Outcome({}, 302)


def say_kept(request: HttpRequest, *, gates_told: bool) -> None:
    """Say that it is kept, and whether the gates have it."""
    if gates_told:
        messages.success(request, gettext("Kept. The gates have it."))
    else:
        messages.warning(
            request,
            gettext(
                "Kept, but the gates could not be told yet. It comes into force with the next "
                "change, within the hour at the latest."
            ),
        )


def say_removed(request: HttpRequest, *, gates_told: bool) -> None:
    """Say that it is gone, and if the gates do not know yet, that too."""
    messages.success(request, gettext("Taken away."))
    if not gates_told:
        say_kept(request, gates_told=False)


def why_of(request: HttpRequest) -> str:
    """Return the reason somebody gave, on one line and bounded."""
    return " ".join(request.POST.get("why", "").split())[: limits.REASON_TEXT_CHARS_MAX]


def put_errors(form: Form, error: ValidationError) -> None:
    """Put what the store refused to where it belongs in the form."""
    fields = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
    for name, errors in fields.items():
        where = name if name in form.fields else None
        for one in errors:
            taken = one.code == "unique" and name == "slug"
            words = gettext("This short name is taken.") if taken else " ".join(one.messages)
            form.add_error(where, words)


def _theirs(form: SetUpForm, meanwhile: ChangedMeanwhile) -> Outcome:
    """Show the other's change beside what was typed; kept once more, it is what holds."""
    form.data = form.data.copy()  # type: ignore[attr-defined]
    form.data["version"] = str(meanwhile.row.version)  # type: ignore[index,attr-defined]
    shown = {"theirs": form.their_values(meanwhile.row), "who": meanwhile.who}
    return Outcome(shown, 409)
