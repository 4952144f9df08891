"""Why a change of the set-up is not made, or not yet. The words are the page's."""

from dataclasses import dataclass, field

from django.db.models import Model


class Refused(Exception):
    """A change that would break what is recorded already.

    `code` says why: in_use, slug_in_use, entitlement_has_tickets, entitlement_moves, site_in_use,
    gate_moves, issuing_now, too_many, too_many_prices,
    one_currency, gone or file codes of `floor_plans`.
    """

    def __init__(self, code: str, *uses: str, name: str = "") -> None:
        """Keep the code, what refers to the row, and the field it is about, "" for the whole."""
        super().__init__(f"{code} {' '.join(uses)}".strip())
        self.code = code
        self.uses = uses
        self.field = name


class ChangedMeanwhile(Exception):
    """Somebody else has changed the row since the form was opened."""

    def __init__(self, row: Model, who: str) -> None:
        """Keep the row as it stands now, and who changed it."""
        super().__init__("changed_meanwhile")
        self.row = row
        self.who = who


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody should know before they go on: a code, figures and gates by slug."""

    code: str
    figures: dict[str, int] = field(default_factory=dict)
    gates: tuple[str, ...] = ()


class AskFirst(Exception):
    """A change that touches tickets or people inside: it needs a reason, given knowingly."""

    def __init__(self, notes: list[Note]) -> None:
        """Keep what is to be told."""
        super().__init__(" ".join(note.code for note in notes))
        self.notes = notes
