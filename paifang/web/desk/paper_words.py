"""What the pages of paper say of layouts, languages and refusals, as message ids."""

from typing import Final, NamedTuple

from paifang.core.reasons import N_


class LayoutWords(NamedTuple):
    """A layout's name, and what paper it is for."""

    name: str
    paper: str


LAYOUT_WORDS: Final = {
    "a4-sheet": LayoutWords(
        N_("Sheet, eight tickets"), N_("A4, with cut marks; each ticket is 95 × 66 mm")
    ),
    "a6": LayoutWords(N_("Single ticket"), N_("A6, 105 × 148 mm")),
    "roll-80": LayoutWords(N_("Ticket roll"), N_("Thermal paper, 80 mm wide")),
    "wristband": LayoutWords(N_("Wristband"), N_("25 × 254 mm, the ends are left free")),
    "a4-home": LayoutWords(N_("Ticket to print at home"), N_("A4, with how to come in")),
}

LANGUAGE_WORDS: Final = {
    "zh-en": N_("Chinese and English"),
    "zh": N_("Chinese"),
    "en": N_("English"),
}

PRINT_TROUBLE: Final = {
    "layout_unknown": N_("Choose a layout and a language."),
    "nobody": N_("There is no valid ticket among these, so there is nothing to print."),
    "too_many": N_(
        "%(count)s tickets are more than one print holds (20,000). Choose a product or a session."
    ),
    "glyphs": N_(
        "Nothing was printed. Some characters are in no font; see below which, and choose."
    ),
    "fonts": N_(
        "The fonts for paper are not there. Install Paifang from its wheel, or run “make setup”."
    ),
    "drawing": N_("The PDF could not be drawn. The log of the server says more."),
    "ledger": N_("The codes could not be read now. Try again in a moment."),
}
"""Why there is no print."""
