/** Whether a code is what it claims to be, before any look-up: as paifang/core/codes/checking.py. */

import { verifyAsync } from "@noble/ed25519";
import {
  type Bytes,
  joined,
  macMessage,
  rotates,
  signatureMessage,
  stepAt,
} from "./formats";
import type { Presented } from "./recognition";

const STEPS_BACK_MAX = 2;
const STEPS_AHEAD_MAX = 1;
const MAC_BYTES = 8;
const ROTATION_INFO = new TextEncoder().encode("paifang rotation secret 1\0");

export type Genuineness = "genuine" | "forged" | "code_too_old" | "clock_off";

export interface Checks {
  /** False for a key it does not know. */
  readonly signature: (keyId: Bytes, message: Bytes, signature: Bytes) => Promise<boolean>;
  /** False for a ticket whose secret it cannot derive. */
  readonly mac: (ticketId: Bytes, message: Bytes, mac: Bytes) => Promise<boolean>;
}

/**
 * What the code itself shows. What carries no proof of itself is genuine as far as this goes: its
 * look-up decides. Whether a rotating code is stale is said only of genuine ones, so that a forger
 * learns nothing about the clock.
 *
 * @param nowS Unix time in seconds by the host's clock, not by this device's.
 */
export async function check(
  { form, body }: Presented,
  checks: Checks,
  nowS: number,
): Promise<Genuineness> {
  if (body === null) return "genuine";
  // The MAC first: it costs a tenth of a signature.
  if (form === "rotating" || form === "signed_rotating") {
    if (!(await checks.mac(body.ticketId, macMessage(form, body), body.mac))) return "forged";
  }
  if (form === "signed" || form === "signed_rotating") {
    const message = signatureMessage(form, body);
    if (!(await checks.signature(body.keyId, message, body.signature))) return "forged";
  }
  if (rotates(form)) {
    const ageSteps = stepAt(nowS) - body.step;
    if (ageSteps > STEPS_BACK_MAX) return "code_too_old";
    if (ageSteps < -STEPS_AHEAD_MAX) return "clock_off";
  }
  return "genuine";
}

/** Ed25519 (RFC 8032) by the browser where it can, by the bundled library where it cannot. */
export async function verifySignature(
  publicKey: Bytes,
  message: Bytes,
  signature: Bytes,
): Promise<boolean> {
  if (await hasEd25519()) {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", key, signature, message);
  }
  return verifySignatureBundled(publicKey, message, signature);
}

/** The same by the bundled library alone. */
export async function verifySignatureBundled(
  publicKey: Bytes,
  message: Bytes,
  signature: Bytes,
): Promise<boolean> {
  try {
    return await verifyAsync(signature, message, publicKey);
  } catch {
    return false; // a key or signature that is no point of the curve
  }
}

let ed25519: Promise<boolean> | undefined;

/** Whether this browser knows Ed25519; asked once. */
function hasEd25519(): Promise<boolean> {
  ed25519 ??= crypto.subtle
    .importKey("raw", BASE_POINT, "Ed25519", false, ["verify"])
    .then(() => true)
    .catch(() => false);
  return ed25519;
}

/** Some public key that is valid: the base point of the curve. */
const BASE_POINT: Bytes = new Uint8Array(32).fill(0x66);
BASE_POINT[0] = 0x58;

/** The secret that makes one ticket's rotating codes: HKDF-SHA-256 of the rotation key. */
export async function rotationSecret(rotationKey: Bytes, ticketId: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", rotationKey, "HKDF", false, ["deriveBits"]);
  const how = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(0),
    info: joined(ROTATION_INFO, ticketId),
  };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
}

/** Whether a MAC of 8 bytes is the head of HMAC-SHA-256; compared without regard to where. */
export async function verifyMac(secret: Bytes, message: Bytes, mac: Bytes): Promise<boolean> {
  const how = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, how, false, ["sign"]);
  const right = new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
  if (mac.length !== MAC_BYTES) return false;
  return mac.reduce((differs, octet, at) => differs | (octet ^ (right[at] ?? 0)), 0) === 0;
}

