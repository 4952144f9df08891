"""Adds the texts the catalogue lacks, empty and in order; with --prune drops those nobody uses.

Usage: python tools/update_translations.py [--prune]. Translate the empty entries afterwards:
tools/check_translations.py refuses them.
"""

import sys

from messages import all_texts, read_catalogue, write_catalogue


def main(words: list[str]) -> int:
    """Update the catalogue's file and return the exit code."""
    catalogue = read_catalogue()
    wanted = {found.text for found in all_texts()}
    for text in sorted(wanted):
        if catalogue.get(text.english, text.context or None) is None:
            catalogue.add(
                (text.english, text.plural) if text.plural else text.english,
                context=text.context or None,
            )
            print(f"added: {text.english}")
    if "--prune" in words:
        keys = {(text.english, text.context or None) for text in wanted}
        for message in list(catalogue):
            english = message.id if isinstance(message.id, str) else message.id[0]
            if english and (english, message.context) not in keys:
                catalogue.delete(english, message.context)
                print(f"dropped: {english}")
        catalogue.obsolete.clear()
    write_catalogue(catalogue)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
