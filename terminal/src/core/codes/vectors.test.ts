import { describe, expect, test } from "vitest";
// As text: Vite's own reader of JSON stumbles over the lone surrogate among the vectors.
import codesFile from "../../../../tests/vectors/codes.json?raw";
import documentsFile from "../../../../tests/vectors/documents.json?raw";
import {
  check,
  rotationSecret,
  verifyMac,
  verifySignature,
  verifySignatureBundled,
} from "./checking";
import { crockfordDecode, crockfordEncode } from "./crockford";
import {
  type DocumentKind,
  DocumentError,
  canonical,
  mask,
  readByFormat,
  readCitizenNumber,
  readDocuments,
} from "./documents";
import { type Bytes, type CodeBody, macMessage, readCode, signatureMessage } from "./formats";
import { recognise } from "./recognition";
import { normalise, ungroup } from "./text";
import { type Zone, icaoCheckDigit, readZone } from "./zones";
import type { Kind } from "../types";

type Fields = Readonly<Record<string, string | number>>;

interface Codes {
  readonly crockford: {
    readonly encode: readonly { bytes: string; text: string }[];
    readonly refuse: readonly string[];
  };
  readonly random: readonly { entropy: string; code: string }[];
  readonly signed: readonly {
    fields: Fields;
    public_key: string;
    message: string;
    signature: string;
    code: string;
  }[];
  readonly rotating: {
    readonly rotation_key: string;
    readonly ticket_id: string;
    readonly secret: string;
    readonly codes: readonly {
      form: "rotating" | "signed_rotating";
      fields: Fields;
      message: string;
      mac: string;
      code: string;
    }[];
  };
  readonly recognise: readonly {
    text: string;
    times?: number;
    kind: Kind;
    readings: readonly { kind: string; form: string; value: string; body: Fields | null }[];
  }[];
  readonly check: readonly { code: string; now_s: number; note: string; verdict: string }[];
}

interface Documents {
  readonly citizen: readonly { number: string; kind: DocumentKind }[];
  readonly citizen_refused: readonly { number: string; code: string }[];
  readonly by_format: readonly {
    kind: Parameters<typeof readByFormat>[0];
    text: string;
    number: string;
    canonical: string;
  }[];
  readonly zones: readonly {
    lines: readonly string[];
    zone: Zone;
    canonical: readonly string[];
  }[];
  readonly icao_check_digits: readonly { field: string; digit: string }[];
  readonly masks: readonly { number: string; mask: string }[];
}

const codes = JSON.parse(codesFile) as Codes;
const documents = JSON.parse(documentsFile) as Documents;

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((octet) => octet.toString(16).padStart(2, "0")).join("");
const unhex = (text: string): Bytes =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** A body in the spelling of the vectors. */
function fieldsOf(body: CodeBody | null): Fields | null {
  if (body === null) return null;
  return {
    ticket_id: hex(body.ticketId),
    key_id: hex(body.keyId),
    product_no: body.productNo,
    session_no: body.sessionNo,
    valid_from_min: body.validFromMin,
    valid_until_min: body.validUntilMin,
    people: body.people,
    generation: body.generation,
    signature: hex(body.signature),
    step: body.step,
    mac: hex(body.mac),
  };
}

describe("codes, by the vectors every language is held to", () => {
  test.each(codes.crockford.encode)("$bytes is $text", ({ bytes, text }) => {
    expect(crockfordEncode(unhex(bytes))).toBe(text);
    expect(crockfordDecode(text)).toEqual(unhex(bytes));
  });

  test.each(codes.crockford.refuse)("%j is not base32", (text) => {
    expect(crockfordDecode(text)).toBeNull();
  });

  test.each(codes.random)("$code is random", ({ entropy, code }) => {
    expect(crockfordEncode(unhex(entropy))).toBe(code);
    expect(readCode(code)).toEqual({ form: "random", body: null });
  });

  test.each(codes.signed)("a signed code is read, and its signature holds", async (row) => {
    const [found] = recognise(row.code);
    expect(found?.form).toBe("signed");
    const body = found?.body as CodeBody;
    expect(fieldsOf(body)).toEqual({ ...row.fields, signature: row.signature });
    const message = signatureMessage("signed", body);
    expect(hex(message)).toBe(row.message);
    const key = unhex(row.public_key);
    const forged = body.signature.slice();
    forged[10] = (forged[10] ?? 0) ^ 1;
    for (const verify of [verifySignature, verifySignatureBundled]) {
      expect(await verify(key, message, body.signature)).toBe(true);
      expect(await verify(key, message, forged)).toBe(false);
    }
  });

  test("a key that is no point of the curve verifies nothing", async () => {
    const message = new Uint8Array(1);
    const signature = new Uint8Array(64);
    expect(await verifySignatureBundled(new Uint8Array(32).fill(2), message, signature)).toBe(false);
  });

  test("the secret of a ticket comes from the rotation key", async () => {
    const { rotation_key, ticket_id, secret } = codes.rotating;
    expect(hex(await rotationSecret(unhex(rotation_key), unhex(ticket_id)))).toBe(secret);
  });

  test.each(codes.rotating.codes)("a $form code is read, and its MAC holds", async (row) => {
    const [found] = recognise(row.code);
    expect(found?.form).toBe(row.form);
    const body = found?.body as CodeBody;
    expect(fieldsOf(body)).toEqual({ ...row.fields, mac: row.mac });
    const message = macMessage(row.form, body);
    expect(hex(message)).toBe(row.message);
    const secret = unhex(codes.rotating.secret);
    expect(await verifyMac(secret, message, body.mac)).toBe(true);
    expect(await verifyMac(secret, message, unhex("0000000000000000"))).toBe(false);
    expect(await verifyMac(secret, message, body.mac.slice(1))).toBe(false);
  });

  test.each(codes.recognise)("recognise $text as $kind", ({ text, times = 1, kind, readings }) => {
    const found = recognise(text.repeat(times), kind);
    expect(found.map((reading) => ({ ...reading, body: fieldsOf(reading.body) }))).toEqual(
      readings,
    );
  });

  test.each(codes.check)("$note", async ({ code, now_s, verdict }) => {
    const [presented] = recognise(code, "code");
    if (presented === undefined) throw new Error("the vector is no code");
    const known = codes.signed[0];
    const found = await check(
      presented,
      {
        signature: async (keyId, message, signature) =>
          hex(keyId) === known?.fields["key_id"] &&
          (await verifySignature(unhex(known.public_key), message, signature)),
        mac: async (ticketId, message, mac) =>
          verifyMac(
            await rotationSecret(unhex(codes.rotating.rotation_key), ticketId),
            message,
            mac,
          ),
      },
      now_s,
    );
    expect(found).toBe(verdict);
  });

  test("what proves nothing of itself is left to its look-up", async () => {
    const refuse = { signature: async () => false, mac: async () => false };
    const [random] = recognise("0123456789ABCDEF");
    expect(random && (await check(random, refuse, 0))).toBe("genuine");
  });
});

describe("documents, by the vectors every language is held to", () => {
  test.each(documents.citizen)("$number is a $kind", ({ number, kind }) => {
    expect(readCitizenNumber(number)).toEqual({ kind, number, issuer: "CHN" });
    expect(readDocuments(number)[0]).toEqual({ kind, number, issuer: "CHN" });
  });

  test.each(documents.citizen_refused)("$number is refused: $code", ({ number, code }) => {
    let refused = "";
    try {
      readCitizenNumber(ungroup(normalise(number)), "20260101");
    } catch (fault) {
      if (fault instanceof DocumentError) refused = fault.code;
    }
    expect(refused).toBe(code);
  });

  test.each(documents.by_format)("$text is a $kind", ({ kind, text, number, canonical: wanted }) => {
    const found = readByFormat(kind, text);
    expect(found.number).toBe(number);
    expect(canonical(found)).toBe(wanted);
  });

  test("a number of another format is refused", () => {
    expect(() => readByFormat("passport", "ABCDEFGH")).toThrow(DocumentError);
  });

  test.each(documents.zones)("zone $lines", ({ lines, zone, canonical: wanted }) => {
    for (const text of [lines.join("\n"), lines.join("")]) {
      expect(readZone(text)).toEqual(zone);
      expect(readDocuments(text).map(canonical)).toEqual(wanted);
    }
  });

  test.each(["P<UTO", `${"P<UTO".padEnd(43, "<")}é${"<".repeat(44)}`, "X".repeat(88), "<".repeat(600)])(
    "%j is no zone",
    (text) => {
      expect(() => readZone(text)).toThrow(DocumentError);
      expect(readDocuments(`${text}<`)).toEqual([]);
    },
  );

  test.each(documents.icao_check_digits)("check digit of $field", ({ field, digit }) => {
    expect(icaoCheckDigit(field)).toBe(digit);
  });

  test.each(documents.masks)("$number is shown as $mask", ({ number, mask: wanted }) => {
    expect(mask(number)).toBe(wanted);
  });
});
