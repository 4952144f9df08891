/**
 * What people type and readers send, brought to one spelling: the same rules as
 * paifang/core/typed_text.py, and both are held to tests/vectors/codes.json.
 */

/** Longest text, in characters, that is looked at at all. */
export const CODE_CHARS_MAX = 512;

// Blanks, and marks nobody sees: zero-width, soft hyphen, byte order mark, writing direction.
const BLANKS =
  /[ \u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f\u2060\u2066-\u2069\u3000\ufeff]/g;
const DASHES = /[\u2010-\u2015\u2212]/g;
// Keyboard-wedge readers end with one of these; inside the text they stay.
const LINE_ENDS = /^[\t\r\n]+|[\t\r\n]+$/g;
const GROUPS = /^[0-9A-Z]+(?:-[0-9A-Z]+)+$/;
const SERIAL = /^[0-9]{14}$/;

/** Typed text that is longer than any code. */
export class TooLong extends Error {}

/**
 * The one spelling of typed or scanned text: Unicode NFKC, upper case, no blanks. Only a to z
 * change case, because full case mapping would make one account of two.
 *
 * @throws TooLong when the text, or what its compatibility characters stand for, is too long.
 */
export function normalise(text: string): string {
  mustFit(text);
  const spelled = text
    .normalize("NFKD")
    .replace(BLANKS, "")
    .replace(DASHES, "-")
    .replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .replace(LINE_ENDS, "");
  mustFit(spelled);
  return spelled.normalize("NFC");
}

function mustFit(text: string): void {
  // Characters, not the halves that .length counts; the first test spares splitting huge texts.
  if (text.length > 2 * CODE_CHARS_MAX || [...text].length > CODE_CHARS_MAX) {
    throw new TooLong("more characters than any code has");
  }
}

/** Normalised text without the hyphens of groups; any other text comes back unchanged. */
export function ungroup(text: string): string {
  return GROUPS.test(text) ? text.replaceAll("-", "") : text;
}

/** Whether normalised, ungrouped text is a serial: 13 digits and an ISO 7064 MOD 11,10 check. */
export function isSerial(text: string): boolean {
  if (!SERIAL.test(text)) return false;
  let state = 10;
  for (const digit of text.slice(0, -1)) {
    state = (((state + Number(digit)) % 10 || 10) * 2) % 11;
  }
  return (11 - state) % 10 === Number(text.slice(-1));
}

/** A serial as people read it aloud: in blocks of four. */
export function groupSerial(text: string): string {
  return text.replace(/(.{4})(?=.)/g, "$1 ");
}
