/** Crockford base32: capitals and digits only, which scan small and survive any keyboard layout. */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const VALUES = new Map([...ALPHABET].map((letter, value) => [letter, value]));

/** Bytes in Crockford base32: upper case, unpadded, high bits first. */
export function crockfordEncode(octets: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = (held << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}

/**
 * The bytes of what `crockfordEncode` writes and of nothing else: every byte string has one
 * spelling. Null for a character outside the 32 (I, L, O and U are outside), a length no whole
 * number of bytes has, or left-over bits that are not zero.
 */
export function crockfordDecode(text: string): Uint8Array<ArrayBuffer> | null {
  const octets = new Uint8Array(Math.floor((5 * text.length) / 8));
  const spareBits = (5 * text.length) % 8;
  if (spareBits >= 5) return null;
  let at = 0;
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    const value = VALUES.get(letter);
    if (value === undefined) return null;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      octets[at] = held >> bits;
      at += 1;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? octets : null;
}
