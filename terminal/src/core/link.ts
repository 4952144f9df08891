/** Whether the venue's host answers, and since when it has been so; by this device's own clock. */

export interface Link {
  readonly state: "asking" | "reachable" | "unreachable";
  /** When the present state began, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** When the host was last asked. */
  readonly askedMs: number;
}

/** How long a host may take to answer before it counts as unreachable. */
export const ANSWER_MS_MAX = 2_000;
/** How long to wait between two questions. */
export const ASK_EVERY_MS = 5_000;

/** The link before the first answer. */
export function firstLink(nowMs: number): Link {
  return { state: "asking", sinceMs: nowMs, askedMs: nowMs };
}

/** The link after one answer or silence: the beginning moves only when the state changes. */
export function observed(link: Link, answered: boolean, nowMs: number): Link {
  const state = answered ? "reachable" : "unreachable";
  return { state, sinceMs: state === link.state ? link.sinceMs : nowMs, askedMs: nowMs };
}

/** Ask the host once whether it is alive; any failure, and silence, is a no. */
export async function ask(get: typeof fetch): Promise<boolean> {
  try {
    const answer = await get("/healthz", {
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    return answer.ok;
  } catch {
    return false;
  }
}
