"""What the pages of imports say, in words."""

from typing import Final

from django.utils.translation import gettext

from paifang.core.reasons import N_
from paifang.services.desk.attendees.faults import FILE_FAULTS
from paifang.services.desk.imports.uploading import MEANINGS
from paifang.store.models import Import, ImportStage, Job, JobState

MEANING_WORDS: Final = {
    "reference": N_("Reference"),
    "name": N_("Full name"),
    "company": N_("Company"),
    "email": N_("E-mail"),
    "phone": N_("Phone"),
    "product": N_("Ticket type"),
    "document_type": N_("Kind of document"),
    "document_number": N_("Document number"),
    "serial": N_("Serial"),
    "card": N_("Card number"),
    "session": N_("Session"),
    "zone": N_("Zone"),
    "id_card": N_("ID card number"),
}
STAGE_WORDS: Final = {
    ImportStage.mapping: N_("Columns to choose"),
    ImportStage.checking: N_("Being checked"),
    ImportStage.checked: N_("Checked, nothing imported yet"),
    ImportStage.importing: N_("Being imported"),
    ImportStage.done: N_("Imported"),
    ImportStage.undoing: N_("Being taken back"),
    ImportStage.undone: N_("Taken back"),
    ImportStage.discarded: N_("Thrown away"),
}
STAGE_SIGNS: Final = {
    ImportStage.done: "tick",
    ImportStage.undone: "cross",
    ImportStage.discarded: "cross",
}
STOPPED: Final = N_("Stopped")
TROUBLE_WORDS: Final = {
    "file_needed": N_("Choose a file, or drop one here."),
    "event_needed": N_("Choose the event."),
    "busy": N_("Somebody else has just gone on with this list. This is how it stands now."),
    "event_unknown": N_("The event “%(text)s” is not in force yet. Publish it, then check again."),
    "product_unknown": N_("The event has no ticket type “%(text)s” any more. Choose another."),
    "session_unknown": N_("The event has no session “%(text)s” any more. Choose another."),
    "file_gone": N_("The file is not here any more. Upload the list again."),
    "file_missing": N_(
        "The file is not on this machine. Where several machines run the desk, they must share the "
        "folder “files” of the data directory."
    ),
    "unavailable": N_("The ledger could not be reached. Nothing is lost: go on when it is back."),
    "disk_full": N_("The disk is full. Nothing is lost: go on when there is room."),
}
_OTHER: Final = N_("It did not go on (%(code)s). Nothing is lost: try to go on.")


def meanings() -> list[tuple[str, str]]:
    """Return what a column can mean, with the words for it."""
    return [(meaning, gettext(MEANING_WORDS[meaning])) for meaning in MEANINGS]


def stage_words(one: Import) -> tuple[str, str]:
    """Return how an import is, as a sign and a word."""
    stage = ImportStage(one.stage)
    if one.cancelled and stage is ImportStage.done:
        return "triangle", gettext(STOPPED)
    return STAGE_SIGNS.get(stage, "broken"), gettext(STAGE_WORDS[stage])


def trouble_words(code: str, params: dict[str, str] | None = None) -> str:
    """Return what is wrong with an import as a whole, "" for nothing."""
    if not code:
        return ""
    words = TROUBLE_WORDS.get(code) or FILE_FAULTS.get(code)
    if words is None:
        return gettext(_OTHER) % {"code": code}
    return gettext(words) % (params or {})


def job_trouble(job: Job | None) -> str:
    """Return why the work does not go on, "" while it does."""
    if job is None or job.state not in (JobState.failed, JobState.unknown):
        return ""
    return trouble_words(job.error or "died")
