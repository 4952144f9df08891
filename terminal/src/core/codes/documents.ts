/**
 * Identity documents: which number belongs to which kind, and whether it was typed right. The same
 * rules as paifang/core/documents.py (GB 11643, ICAO 9303), and both are held to
 * tests/vectors/documents.json.
 */

import { normalise, TooLong, ungroup } from "./text";
import { DocumentError, readZone } from "./zones";

export { DocumentError };

export type DocumentKind =
  | "resident_id"
  | "hmt_residence"
  | "foreigner_residence"
  | "foreigner_residence_2017"
  | "hk_macao_permit"
  | "taiwan_permit"
  | "passport"
  | "identity_card";

/** One reading of a document; `issuer` is the state's ICAO 9303 code, "" where none is named. */
export interface Document {
  readonly kind: DocumentKind;
  readonly number: string;
  readonly issuer: string;
}

type ByFormat = Exclude<DocumentKind, "resident_id" | "hmt_residence" | "foreigner_residence">;

const FORMATS: Readonly<Record<ByFormat, RegExp>> = {
  foreigner_residence_2017: /^([A-Z]{3}[0-9]{12})$/,
  // Nine characters for life; older papers print a two-digit count of renewals behind them.
  hk_macao_permit: /^([HM][0-9]{8})(?:[0-9]{2})?$/,
  taiwan_permit: /^([0-9]{8})(?:[0-9]{2})?$/,
  passport: /^((?=.*[0-9])[0-9A-Z]{6,9})$/,
  identity_card: /^((?=.*[0-9])[0-9A-Z]{4,20})$/,
};
// Not foreign identity cards: nearly everything would be one. They are read by their zone.
const RECOGNISED_BY_FORMAT: readonly ByFormat[] = [
  "foreigner_residence_2017",
  "hk_macao_permit",
  "taiwan_permit",
  "passport",
];
const PERMITS: readonly ByFormat[] = ["hk_macao_permit", "taiwan_permit"];
const PERMIT_ISSUERS = new Set(["CHN", "HKG", "MAC", "TWN"]);
const NAMESPACES: Readonly<Record<DocumentKind, string>> = {
  resident_id: "ID",
  hmt_residence: "ID",
  foreigner_residence: "ID",
  foreigner_residence_2017: "FR",
  hk_macao_permit: "HM",
  taiwan_permit: "TW",
  passport: "PASSPORT",
  identity_card: "IC",
};

/** Every document a typed or scanned text can be, those with check digits first. */
export function readDocuments(text: string): Document[] {
  let spelled: string;
  try {
    spelled = normalise(text);
  } catch (fault) {
    if (fault instanceof TooLong) return [];
    throw fault;
  }
  if (spelled.includes("<")) return zoneReadings(spelled);
  const number = ungroup(spelled);
  return [
    ...tried(() => readCitizenNumber(number)),
    ...RECOGNISED_BY_FORMAT.flatMap((kind) => byFormat(kind, number, "")),
  ];
}

/** The text a document is looked up by, such as `ID:11010519491231002X`; without the issuer. */
export function canonical(document: Document): string {
  return `${NAMESPACES[document.kind]}:${document.number}`;
}

/**
 * The number as it may be shown: first character and last four, the rest hidden; less of short
 * ones, for what is hidden must not be a handful of guesses.
 */
export function mask(number: string): string {
  if (number.length < 6) return "*".repeat(number.length);
  if (number.length < 8) return "*".repeat(number.length - 2) + number.slice(-2);
  return number.slice(0, 1) + "*".repeat(number.length - 5) + number.slice(-4);
}

const CITIZEN_NUMBER = /^[0-9]{17}[0-9X]$/;
const CITIZEN_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CITIZEN_DIGITS = "10X98765432";

/**
 * A citizen number (GB 11643): check digit and birth date decide; districts do not, for they are
 * made and dissolved.
 *
 * @param today Birth dates after it (YYYYMMDD) are refused; none are without it.
 * @throws DocumentError
 */
export function readCitizenNumber(number: string, today = "99999999"): Document {
  if ([...number].length !== 18) throw new DocumentError("length");
  if (!CITIZEN_NUMBER.test(number)) throw new DocumentError("characters");
  const total = CITIZEN_WEIGHTS.reduce((sum, weight, at) => sum + weight * Number(number[at]), 0);
  if (CITIZEN_DIGITS[total % 11] !== number[17]) throw new DocumentError("check_digit");
  const born = number.slice(6, 14);
  if (!isDay(born) || born > today) throw new DocumentError("date");
  if (number.startsWith("9")) return { kind: "foreigner_residence", number, issuer: "CHN" };
  if (/^8[123]/.test(number)) return { kind: "hmt_residence", number, issuer: "CHN" };
  return { kind: "resident_id", number, issuer: "CHN" };
}

/** A number of a kind of which only the format is known. @throws DocumentError */
export function readByFormat(kind: ByFormat, text: string): Document {
  const [found] = byFormat(kind, ungroup(normalise(text)), "");
  if (found === undefined) throw new DocumentError("characters");
  return found;
}

function byFormat(kind: ByFormat, number: string, issuer: string): Document[] {
  const fits = FORMATS[kind].exec(number)?.[1];
  return fits === undefined ? [] : [{ kind, number: fits, issuer }];
}

function zoneReadings(spelled: string): Document[] {
  return tried(() => readZone(spelled)).flatMap((zone): Document[] => {
    const { number, issuer } = zone;
    if (zone.layout === "TD3") return [{ kind: "passport", number, issuer }];
    const card: Document = { kind: "identity_card", number, issuer };
    // The permits are cards with a zone of their own; bookings give the printed number.
    const permits = PERMIT_ISSUERS.has(issuer)
      ? PERMITS.flatMap((kind) => byFormat(kind, number, issuer))
      : [];
    return [card, ...permits];
  });
}

function tried<T>(read: () => T): T[] {
  try {
    return [read()];
  } catch (fault) {
    if (fault instanceof DocumentError) return [];
    throw fault;
  }
}

/** Whether YYYYMMDD is a day of the calendar, from year 1 on. */
function isDay(text: string): boolean {
  const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6)].map(Number);
  if (!year || !month || !day || month > 12) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= (days[month - 1] ?? 0);
}
