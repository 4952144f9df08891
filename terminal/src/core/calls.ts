/**
 * Calls to the host: signed on, with a time limit, and with a clear difference between a host that
 * does not answer, one that cannot now, and one that says no.
 */

import { type Said, quoted, say } from "./words";

/** How long an answer at the gate may take. */
export const ANSWER_MS = 1_500;
/** How long those may take that prove a PIN, search or report. */
export const PATIENT_MS = 8_000;
const PAUSES_MS = [250, 600, 1_200, 2_500, 5_000];

// The host could not do it now; nothing is known to be done, and the same id may be asked again.
const BUSY = new Set([408, 425, 429, 500, 502, 503, 504, 507]);

/** `unreachable`: no answer came; `busy`: it cannot now; `refused`: it says no, and why. */
export type FaultKind = "unreachable" | "busy" | "refused";

/** A call without success. */
export class Fault extends Error {
  constructor(
    readonly kind: FaultKind,
    /** A problem code of docs/reference/faults.md, "" without an answer. */
    readonly code: string,
    readonly said: Said,
    readonly retryAfterMs = 0,
  ) {
    super(code === "" ? kind : code);
  }
}

export interface Options {
  readonly body?: Readonly<Record<string, unknown>>;
  /** "" for the calls that need no token. */
  readonly token?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the calls learn about the line. */
export type Heard =
  | { readonly state: "connected" }
  | { readonly state: "unreachable" }
  | { readonly state: "refusing"; readonly said: Said };

export class Calls {
  constructor(
    private readonly fetcher: typeof fetch,
    private readonly language: () => string,
    private readonly heard: (what: Heard) => void,
  ) {}

  /** One call, one answer. @throws Fault */
  async once<T>(path: string, options: Options = {}): Promise<T> {
    // Within the time limit: an answer that never ends is none.
    const text = await this.open(path, options, (response) => response.text());
    try {
      return JSON.parse(text) as T;
    } catch {
      // The answer broke off: whether it was done is not known.
      this.heard({ state: "unreachable" });
      throw unreachable();
    }
  }

  /** The stream of a call, which goes on until `signal` ends it. @throws Fault */
  follow(path: string, options: Options): Promise<Response> {
    return this.open(path, options, async (response) => response, true);
  }

  /** One call, read within its time limit; of an endless one, its head. @throws Fault */
  private async open<Read>(
    path: string,
    options: Options,
    read: (response: Response) => Promise<Read>,
    endless = false,
  ): Promise<Read> {
    const { body, token = "", timeoutMs = ANSWER_MS } = options;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), timeoutMs);
    const stop = () => limit.abort();
    options.signal?.addEventListener("abort", stop);
    try {
      const response = await this.fetcher(`/api/v1${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          "Accept-Language": this.language(),
          ...(token === "" ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...options.headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        cache: "no-store",
        credentials: "omit",
        signal: limit.signal,
      });
      if (!response.ok) throw await faultOf(response);
      const answer = await read(response);
      this.heard({ state: "connected" });
      return answer;
    } catch (fault) {
      if (!(fault instanceof Fault)) {
        if (!options.signal?.aborted) this.heard({ state: "unreachable" });
        throw unreachable();
      }
      if (fault.kind === "busy") this.heard({ state: "refusing", said: fault.said });
      else this.heard({ state: "connected" });
      throw fault;
    } finally {
      clearTimeout(timer);
      if (!endless) options.signal?.removeEventListener("abort", stop);
    }
  }

  /**
   * Ask until there is an answer, always with the same body and so the same request id.
   *
   * @param token Called before every try; what it throws counts as an answer or not as a call's.
   * @param trouble Told of every try without an answer.
   * @throws Fault for a final no, or when `signal` ends it.
   */
  async until<T>(
    path: string,
    body: Readonly<Record<string, unknown>>,
    token: () => Promise<string>,
    trouble: (fault: Fault, tries: number) => void,
    signal: AbortSignal,
  ): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.once<T>(path, { body, token: await token(), signal });
      } catch (fault) {
        if (!(fault instanceof Fault) || fault.kind === "refused" || signal.aborted) throw fault;
        trouble(fault, tries);
        const pauseMs = PAUSES_MS[Math.min(tries, PAUSES_MS.length) - 1] ?? 0;
        await pause(Math.max(pauseMs, fault.retryAfterMs), signal);
        if (signal.aborted) throw fault;
      }
    }
  }
}

/** Wait, or less if the signal comes or the network does. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", done);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    globalThis.addEventListener?.("online", done);
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
  });
}

/** The fault of silence. */
export function unreachable(): Fault {
  return new Fault("unreachable", "", say("The host does not answer. Check the network."));
}

/** A problem document in words; the host has put them into the caller's language. */
async function faultOf(response: Response): Promise<Fault> {
  const { status } = response;
  let problem: { code?: unknown; title?: unknown; detail?: unknown; retry_after?: unknown } = {};
  try {
    const read: unknown = await response.json();
    if (typeof read === "object" && read !== null) problem = read;
  } catch {
    // No problem document: the words below suffice.
  }
  const code = typeof problem.code === "string" ? problem.code : `http_${status}`;
  const words = [problem.detail, problem.title].find((text) => typeof text === "string" && text);
  const retryAfterMs = Number(problem.retry_after ?? response.headers.get("retry-after")) * 1000 || 0;
  // Too many wrong PINs is an answer for a person, not a busy host.
  const kind = BUSY.has(status) && code !== "too_many_tries" ? "busy" : "refused";
  if (typeof words === "string") return new Fault(kind, code, quoted(words), retryAfterMs);
  const said =
    kind === "busy"
      ? say("The host answers, but cannot serve now (fault {status}).", { status: String(status) })
      : say("The host refuses this (fault {status}).", { status: String(status) });
  return new Fault(kind, code, said, retryAfterMs);
}
