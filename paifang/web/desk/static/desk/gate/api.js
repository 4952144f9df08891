// Calls to the server: the terminal's token, a time limit, and a wish repeated until it is answered.

import { addresses, language, page } from "./page.js";

const TIMEOUT_MS = 1500;
const PAUSES_MS = [300, 700, 1500, 3000];
// The server could not do it now; nothing is known to be done, and the same id may be asked again.
const ASK_AGAIN = new Set([408, 425, 429, 500, 502, 503, 504, 507]);

/** An answer that is no success: a problem document (RFC 9457) with its status. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.code ?? String(status));
    this.status = status;
    this.code = body.code ?? "";
    this.title = body.title ?? "";
    this.detail = body.detail ?? "";
    this.retryAfterS = Number(body.retry_after ?? 0);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let token = null;

/** The terminal's short-lived token, fetched by the session once and again when it has ended. */
async function bearer(afresh = false) {
  if (token && !afresh) return token;
  const response = await fetch(addresses.token, {
    method: "POST",
    headers: { "X-CSRFToken": page.csrf },
    body: new URLSearchParams({ terminal: page.terminal }),
    signal: AbortSignal.timeout(TIMEOUT_MS * 4),
  });
  if (!response.ok) throw new Problem(response.status, await bodyOf(response));
  token = (await response.json()).token;
  return token;
}

async function bodyOf(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

/** One call without repetition; `signal` may end it. Asks for a new token once if the old one ended. */
export async function call(path, { method = "GET", body, headers = {}, signal } = {}) {
  for (const afresh of [false, true]) {
    const response = await fetch(`${addresses.api}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${await bearer(afresh)}`,
        "Accept-Language": language,
        ...(body ? { "Content-Type": "application/json" } : {}),
        ...headers,
      },
      body: body ? JSON.stringify(body) : undefined,
      cache: "no-store",
      signal,
    });
    if (response.ok) return response;
    const problem = new Problem(response.status, await bodyOf(response));
    if (problem.status !== 401 || afresh) throw problem;
  }
  throw new Error("unreachable");
}

/**
 * Asks until there is an answer, always with the same body and so the same request id.
 * `onTrouble(attempt)` is told of every try without answer. Throws Problem for a final no.
 */
export async function ask(path, body, onTrouble) {
  for (let attempt = 0; ; attempt += 1) {
    let waitMs = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)];
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await call(path, { method: "POST", body, signal });
      return await response.json();
    } catch (error) {
      if (error instanceof Problem) {
        // Too many wrong PINs is an answer for a person, not a busy server.
        if (!ASK_AGAIN.has(error.status) || error.code === "too_many_tries") throw error;
        waitMs = Math.max(waitMs, error.retryAfterS * 1000);
      }
      onTrouble(attempt);
      await pause(waitMs);
    }
  }
}
