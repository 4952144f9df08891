/** When a search may be asked, and what Enter does with what was found. No framework. */

import type { TicketFound } from "../../core/types";

const HAN = /[\u3400-\u9fff\uf900-\ufaff]/u;
/** Two Chinese characters are a name; of letters and digits the host wants three. */
const HAN_MIN = 2;
const LATIN_MIN = 3;
/** A pause in typing of so long asks the host. */
export const PAUSE_MS = 220;

/** Whether the text is long enough for the host to search for. */
export function longEnough(text: string): boolean {
  const bare = text.trim();
  return [...bare].length >= (HAN.test(bare) ? HAN_MIN : LATIN_MIN);
}

/** The one ticket that Enter means: the only exact match, or the only match at all. */
export function meant(found: readonly TicketFound[]): TicketFound | null {
  const exact = found.filter((ticket) => ticket.exact);
  if (exact.length === 1) return exact[0] ?? null;
  return found.length === 1 ? (found[0] ?? null) : null;
}
