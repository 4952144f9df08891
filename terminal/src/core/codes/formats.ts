/**
 * The four forms of a code, byte by byte: as paifang/core/codes/formats.py reads them, and held to
 * the same vectors. Layout tables and reasons: docs/reference/codes.md.
 */

import { crockfordDecode } from "./crockford";

export type Form = "random" | "signed" | "rotating" | "signed_rotating" | "plain";
export type Bytes = Uint8Array<ArrayBuffer>;

/** Seconds a rotating code is shown. */
export const STEP_S = 15;

/** What a signed or rotating code carries. What its form does not carry is zero or empty. */
export interface CodeBody {
  readonly ticketId: Bytes;
  readonly keyId: Bytes;
  readonly productNo: number;
  readonly sessionNo: number;
  /** Unix minutes; 0 = open. */
  readonly validFromMin: number;
  /** Unix minutes, the first minute it is valid no more; 0 = open. */
  readonly validUntilMin: number;
  readonly people: number;
  readonly generation: number;
  readonly signature: Bytes;
  readonly step: number;
  readonly mac: Bytes;
}

const SIGNATURE_DOMAIN = new TextEncoder().encode("paifang code signature 1\0");
const ROTATION_DOMAIN = new TextEncoder().encode("paifang code rotation 1\0");
const NOTHING: Bytes = new Uint8Array(0);
const NO_KEY: Bytes = new Uint8Array(4);

const FORM_BYTE = { signed: 0x11, rotating: 0x12, signed_rotating: 0x13 } as const;
/** Characters of each form. All differ, and from the 16 of a random code. */
const FORM_OF_LENGTH = new Map<number, keyof typeof FORM_BYTE>([
  [47, "rotating"],
  [167, "signed"],
  [186, "signed_rotating"],
]);
const RANDOM_CODE = /^[0-9A-HJKMNP-TV-Z]{16}$/;

const SIGNED_PART_BYTES = 40;
const ROTATING_PART_BYTES = 17;
const SIGNATURE_BYTES = 64;
const TAIL_BYTES = 12;

/** Normalised, ungrouped text as a code; null if it has the form of none. */
export function readCode(text: string): { form: Form; body: CodeBody | null } | null {
  if (RANDOM_CODE.test(text)) return { form: "random", body: null };
  const form = FORM_OF_LENGTH.get(text.length);
  const octets = form === undefined ? null : crockfordDecode(text);
  if (form === undefined || octets === null || octets[0] !== FORM_BYTE[form]) return null;
  const body = bodyOf(form, octets);
  return body === null ? null : { form, body };
}

export const isSigned = (form: Form): boolean => form === "signed" || form === "signed_rotating";
export const rotates = (form: Form): boolean => form === "rotating" || form === "signed_rotating";

/** The bytes under the signature of a signed or signed + rotating code. */
export function signatureMessage(form: "signed" | "signed_rotating", body: CodeBody): Bytes {
  return joined(SIGNATURE_DOMAIN, signedPart(form, body));
}

/** The bytes under the MAC of a rotating code: all that stands before the MAC. */
export function macMessage(form: "rotating" | "signed_rotating", body: CodeBody): Bytes {
  const step = new Uint8Array(4);
  new DataView(step.buffer).setUint32(0, body.step);
  const head =
    form === "rotating"
      ? joined(Uint8Array.of(FORM_BYTE.rotating), body.ticketId)
      : joined(signedPart(form, body), body.signature);
  return joined(ROTATION_DOMAIN, head, step);
}

/** The step a rotating code shows at this Unix time in seconds. */
export const stepAt = (nowS: number): number => Math.floor(nowS / STEP_S);

/** Byte strings one behind the other. */
export function joined(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function bodyOf(form: keyof typeof FORM_BYTE, octets: Bytes): CodeBody | null {
  const view = new DataView(octets.buffer, octets.byteOffset);
  const cut = octets.length - TAIL_BYTES;
  const step = form === "signed" ? 0 : view.getUint32(cut);
  const mac = form === "signed" ? NOTHING : octets.slice(cut + 4);
  if (form === "rotating") {
    const ticketId = octets.slice(1, ROTATING_PART_BYTES);
    return { ...BARE, ticketId, step, mac };
  }
  const body = {
    keyId: octets.slice(1, 5),
    ticketId: octets.slice(5, 21),
    productNo: view.getUint32(21),
    sessionNo: view.getUint32(25),
    validFromMin: view.getUint32(29),
    validUntilMin: view.getUint32(33),
    people: view.getUint16(37),
    generation: view.getUint8(39),
    signature: octets.slice(SIGNED_PART_BYTES, SIGNED_PART_BYTES + SIGNATURE_BYTES),
    step,
    mac,
  };
  return isPlausible(body) ? body : null;
}

const BARE: Omit<CodeBody, "ticketId" | "step" | "mac"> = {
  keyId: NO_KEY,
  productNo: 0,
  sessionNo: 0,
  validFromMin: 0,
  validUntilMin: 0,
  people: 0,
  generation: 0,
  signature: NOTHING,
};

/** Whether any issuer means this: tickets for nobody, or ended before they begin, are none. */
function isPlausible(body: CodeBody): boolean {
  return body.people > 0 && !(body.validUntilMin > 0 && body.validUntilMin <= body.validFromMin);
}

function signedPart(form: "signed" | "signed_rotating", body: CodeBody): Bytes {
  const numbers = new Uint8Array(19);
  const view = new DataView(numbers.buffer);
  view.setUint32(0, body.productNo);
  view.setUint32(4, body.sessionNo);
  view.setUint32(8, body.validFromMin);
  view.setUint32(12, body.validUntilMin);
  view.setUint16(16, body.people);
  view.setUint8(18, body.generation);
  return joined(Uint8Array.of(FORM_BYTE[form]), body.keyId, body.ticketId, numbers);
}
