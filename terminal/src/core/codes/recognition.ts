/** What a presented text may be, by its form alone: as paifang/core/codes/recognition.py. */

import type { Kind } from "../types";
import { type CodeBody, type Form, readCode } from "./formats";
import { canonical, readDocuments } from "./documents";
import { isSerial, normalise, TooLong, ungroup } from "./text";

const LOOKUPS_MAX = 8;

/** One reading of a presented text; `value` is empty if the code names its ticket itself. */
export interface Presented {
  readonly kind: Exclude<Kind, "auto">;
  readonly form: Form;
  readonly value: string;
  /** What a signed or rotating code says; not yet checked. */
  readonly body: CodeBody | null;
}

type Reading = (spelled: string) => Presented[];

// Letters outside the alphabet of codes, free to be read as the digits they are taken for.
const MISREAD: Readonly<Record<string, string>> = { O: "0", I: "1", L: "1" };
const CARD_HEX = /^(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$/;
const CARD_HEX_PAIRS = /^[0-9A-F]{2}([:-])[0-9A-F]{2}(?:\1[0-9A-F]{2})+$/;
const CARD_DECIMAL = /^[0-9]{8,10}$/;
const ACCOUNT = /^[0-9A-Z@._+-]{3,64}$/;

/**
 * What a typed or scanned text may be, most likely first; none means malformed. A code that names
 * its own form has no other reading. An address (URL) is never a code, even if it holds one.
 */
export function recognise(text: string, kind: Kind = "auto"): Presented[] {
  let spelled: string;
  try {
    spelled = normalise(text);
  } catch (fault) {
    if (fault instanceof TooLong) return [];
    throw fault;
  }
  if (kind !== "auto") return READINGS[kind](spelled).slice(0, LOOKUPS_MAX);
  const code = asCode(spelled);
  if (code[0]?.body) return code;
  const others = [asSerial, asDocument, asCard, asAccount].flatMap((reading) => reading(spelled));
  return [...code, ...others].slice(0, LOOKUPS_MAX);
}

const plain = (kind: Presented["kind"], value: string): Presented => ({
  kind,
  form: "plain",
  value,
  body: null,
});

const asCode: Reading = (spelled) => {
  const text = ungroup(spelled).replace(/[OIL]/g, (letter) => MISREAD[letter] ?? letter);
  const found = readCode(text);
  if (found === null) return [];
  return [{ kind: "code", ...found, value: found.body === null ? text : "" }];
};

const asSerial: Reading = (spelled) => {
  const text = ungroup(spelled);
  return isSerial(text) ? [plain("serial", text)] : [];
};

// Two readings of one text may share a look-up; asking twice would waste a place.
const asDocument: Reading = (spelled) =>
  [...new Set(readDocuments(spelled).map(canonical))].map((value) => plain("document", value));

/** Card readers type the UID in hexadecimal, or the four-byte one in decimal. */
const asCard: Reading = (spelled) => {
  const text = CARD_HEX_PAIRS.test(spelled) ? spelled.replace(/[:-]/g, "") : spelled;
  const values = CARD_HEX.test(text) ? [text] : [];
  if (CARD_DECIMAL.test(text) && Number(text) < 2 ** 32) {
    values.push(Number(text).toString(16).toUpperCase().padStart(8, "0"));
  }
  return values.map((value) => plain("card", value));
};

const asAccount: Reading = (spelled) => (ACCOUNT.test(spelled) ? [plain("account", spelled)] : []);

const READINGS: Readonly<Record<Exclude<Kind, "auto">, Reading>> = {
  code: asCode,
  serial: asSerial,
  document: asDocument,
  card: asCard,
  account: asAccount,
};
