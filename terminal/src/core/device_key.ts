/** The key that makes this device a terminal: P-256, and its private half never leaves the browser. */

/** The public half as the host takes it. */
export interface PublicKey {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

export function makeKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
}

export async function publicKey(pair: CryptoKeyPair): Promise<PublicKey> {
  const { x = "", y = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { kty: "EC", crv: "P-256", x, y };
}

/** What a proof of key says; `staff` and `shift` are "" where there are none. */
export interface Proof {
  readonly terminal: string;
  readonly challenge: string;
  readonly staff: string;
  readonly shift: string;
}

/** The text under the signature; line by line, so that no field can slip into another. */
export function proofText({ terminal, challenge, staff, shift }: Proof): string {
  return `paifang/terminal-token\n${terminal}\n${challenge}\n${staff}\n${shift}\n`;
}

/** The signature of a proof: base64url of the 64 bytes r and s (IEEE P1363). */
export async function sign(pair: CryptoKeyPair, proof: Proof): Promise<string> {
  const how = { name: "ECDSA", hash: "SHA-256" };
  const text = new TextEncoder().encode(proofText(proof));
  return base64url(new Uint8Array(await crypto.subtle.sign(how, pair.privateKey, text)));
}

function base64url(octets: Uint8Array): string {
  const text = btoa(String.fromCharCode(...octets));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
