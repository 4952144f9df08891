/**
 * Formatters of numbers and times, each made once: making one costs a phone more than all the rest
 * of a verdict, and a screen asks for dozens.
 */

import type { Language } from "../../core/words";

const numbers = new Map<string, Intl.NumberFormat>();
const times = new Map<string, Intl.DateTimeFormat>();
const relatives = new Map<Language, Intl.RelativeTimeFormat>();
const languages = new Map<Language, Intl.DisplayNames>();

function kept<Key, Made>(made: Map<Key, Made>, key: Key, make: () => Made): Made {
  let found = made.get(key);
  if (found === undefined) {
    found = make();
    made.set(key, found);
  }
  return found;
}

export function numberFormat(
  language: Language,
  style: Intl.NumberFormatOptions = {},
): Intl.NumberFormat {
  const key = `${language} ${JSON.stringify(style)}`;
  return kept(numbers, key, () => new Intl.NumberFormat(language, style));
}

/** Times of a 24-hour clock. */
export function timeFormat(
  language: Language,
  style: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(style)}`;
  return kept(times, key, () => new Intl.DateTimeFormat(language, { ...style, hourCycle: "h23" }));
}

/** "21 min. ago", "in 3 days". */
export function relativeFormat(language: Language): Intl.RelativeTimeFormat {
  return kept(
    relatives,
    language,
    () => new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" }),
  );
}

/** A language's own name, as its readers write it. */
export function languageName(language: Language): string {
  const names = kept(
    languages,
    language,
    () => new Intl.DisplayNames([language], { type: "language" }),
  );
  return names.of(language) ?? language;
}
