/** Machine-readable zones (ICAO 9303 parts 4, 5 and 6) with all their check digits. */

import { normalise, TooLong } from "./text";

/** A number that is not of the kind it was said to be. The number is not in the message. */
export class DocumentError extends Error {
  constructor(readonly code: "kind" | "length" | "characters" | "check_digit" | "date") {
    super(code);
  }
}

/** What a zone says; the names are those of the vectors. */
export interface Zone {
  readonly layout: "TD1" | "TD2" | "TD3";
  readonly code: string;
  readonly issuer: string;
  readonly number: string;
  readonly surname: string;
  readonly given_names: string;
  readonly nationality: string;
  /** YYMMDD, with `<` where unknown. */
  readonly birth: string;
  readonly sex: string;
  readonly expiry: string;
  readonly optional: string;
}

// What Python's str.split() takes for blanks; JavaScript's \s leaves the separators out.
const BLANKS = /[\s\u001c-\u001f\u0085]/g;
const ZONE_CHARACTERS = /^[0-9A-Z<]+$/;
const ZONE_DATE = /^[0-9<]{6}$/;

/** The check digit of a field of 0-9, A-Z and `<` (ICAO 9303 part 3, 4.9). */
export function icaoCheckDigit(field: string): string {
  const weights = [7, 3, 1];
  let total = 0;
  for (let at = 0; at < field.length; at += 1) {
    const value = field[at] === "<" ? 0 : Number.parseInt(field[at] ?? "", 36);
    total += value * (weights[at % 3] ?? 0);
  }
  return String(total % 10);
}

/** A zone with or without its line ends. @throws DocumentError */
export function readZone(text: string): Zone {
  let zone: string;
  try {
    zone = normalise(text).replace(BLANKS, "");
  } catch (fault) {
    if (fault instanceof TooLong) throw new DocumentError("length");
    throw fault;
  }
  if (![72, 88, 90].includes([...zone].length)) throw new DocumentError("length");
  if (!ZONE_CHARACTERS.test(zone)) throw new DocumentError("characters");
  const first = zone.slice(0, 1);
  if (!(zone.length === 88 ? ["P"] : ["A", "C", "I"]).includes(first)) {
    throw new DocumentError("kind");
  }
  if (zone.length === 90) return readTd1(zone.slice(0, 30), zone.slice(30, 60), zone.slice(60));
  const half = zone.length / 2;
  return readTwoLines(zone.slice(0, half), zone.slice(half));
}

function readTd1(first: string, second: string, third: string): Zone {
  const covered = first.slice(5) + second.slice(0, 7) + second.slice(8, 15) + second.slice(18, 29);
  requireDigit(covered, second.slice(29, 30));
  const { number, optional } = wholeNumber(
    first.slice(5, 14),
    first.slice(14, 15),
    first.slice(15),
  );
  return zoneOf("TD1", first.slice(0, 5), {
    name: third,
    number,
    dates: second.slice(0, 15),
    nationality: second.slice(15, 18),
    optional: trimEnd(optional + second.slice(18, 29)),
  });
}

function readTwoLines(first: string, second: string): Zone {
  const covered = second.slice(0, 10) + second.slice(13, 20) + second.slice(21, -1);
  requireDigit(covered, second.slice(-1));
  const common = {
    name: first.slice(5),
    dates: second.slice(13, 28),
    nationality: second.slice(10, 13),
  };
  if (first.length === 44) {
    const optional = second.slice(28, 42);
    const digit = second.slice(42, 43);
    // An issuer that leaves the field empty may leave its check digit empty too.
    if (/[^<]/.test(optional) || digit !== "<") requireDigit(optional, digit);
    requireDigit(second.slice(0, 9), second.slice(9, 10));
    const number = second.slice(0, 9);
    return zoneOf("TD3", first.slice(0, 5), { ...common, number, optional: trimEnd(optional) });
  }
  const { number, optional } = wholeNumber(
    second.slice(0, 9),
    second.slice(9, 10),
    second.slice(28, 35),
  );
  return zoneOf("TD2", first.slice(0, 5), { ...common, number, optional: trimEnd(optional) });
}

interface Parts {
  readonly name: string;
  readonly number: string;
  /** Birth, sex and expiry with their digits. */
  readonly dates: string;
  readonly nationality: string;
  readonly optional: string;
}

function zoneOf(layout: Zone["layout"], head: string, parts: Parts): Zone {
  const { dates } = parts;
  const [birth, expiry] = [dates.slice(0, 6), dates.slice(8, 14)];
  if (!ZONE_DATE.test(birth) || !ZONE_DATE.test(expiry)) throw new DocumentError("date");
  requireDigit(birth, dates.slice(6, 7));
  requireDigit(expiry, dates.slice(14, 15));
  const cut = parts.name.indexOf("<<");
  const spelled = (text: string) => text.replaceAll("<", " ").trim();
  return {
    layout,
    code: trimEnd(head.slice(0, 2)),
    issuer: trimEnd(head.slice(2)),
    number: parts.number.replaceAll("<", ""),
    surname: spelled(cut < 0 ? parts.name : parts.name.slice(0, cut)),
    given_names: cut < 0 ? "" : spelled(parts.name.slice(cut + 2)),
    nationality: trimEnd(parts.nationality),
    birth,
    sex: dates.slice(7, 8).replace("<", ""),
    expiry,
    optional: parts.optional,
  };
}

/**
 * A document number and what is left of the optional field. A number of more than nine characters
 * has `<` for its check digit and runs on, with the check digit, in the optional field up to the
 * next `<` (ICAO 9303 part 5, 4.2.2.1, note j).
 */
function wholeNumber(
  number: string,
  digit: string,
  optional: string,
): { number: string; optional: string } {
  if (digit !== "<") {
    requireDigit(number, digit);
    return { number, optional };
  }
  const cut = optional.indexOf("<");
  const rest = cut < 0 ? optional : optional.slice(0, cut);
  const whole = number + rest.slice(0, -1);
  requireDigit(whole, rest.slice(-1));
  return { number: whole, optional: cut < 0 ? "" : optional.slice(cut + 1) };
}

const trimEnd = (text: string): string => text.replace(/<+$/, "");

function requireDigit(field: string, digit: string): void {
  if (icaoCheckDigit(field) !== digit) throw new DocumentError("check_digit");
}
