/**
 * Server-sent events (WHATWG HTML, 9.2) over fetch, because EventSource cannot carry a token.
 * Resumes where it broke off, with pauses that grow, and gives up a line that is silent.
 */

import { type Calls, Fault, pause, unreachable } from "./calls";

/** The host says something every 15 s; so long without a word, the line is dead. */
export const SILENCE_MS = 40_000;
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000];

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/** Takes the bytes of a stream apart, wherever they were cut. */
export class EventParser {
  private text = "";
  private name = "";
  private data: string[] = [];
  private pendingId: string | null = null;
  /** The last id that was dispatched, to resume from. */
  lastId = "";
  private begun = false;

  /** The events that are complete after this piece. */
  push(piece: string): StreamEvent[] {
    let text = this.text + piece;
    if (!this.begun && text !== "") {
      this.begun = true;
      if (text.startsWith("\ufeff")) text = text.slice(1);
    }
    const events: StreamEvent[] = [];
    // A carriage return at the very end may be half of a line end: it waits.
    const ends = /\r\n|\n|\r(?!$)/g;
    let from = 0;
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      const event = this.line(text.slice(from, end.index));
      if (event !== null) events.push(event);
      from = ends.lastIndex;
    }
    this.text = text.slice(from);
    return events;
  }

  private line(line: string): StreamEvent | null {
    if (line === "") return this.dispatch();
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    if (field === "data") this.data.push(value);
    if (field === "id" && !value.includes("\0")) this.pendingId = value;
    return null;
  }

  private dispatch(): StreamEvent | null {
    const event = { name: this.name === "" ? "message" : this.name, data: this.data.join("\n") };
    const empty = this.data.length === 0;
    if (this.pendingId !== null) this.lastId = this.pendingId;
    this.name = "";
    this.data = [];
    return empty ? null : event;
  }
}

export interface Listening {
  readonly event: (event: StreamEvent) => void;
  /** Any sign of life. */
  readonly alive: () => void;
  /** It broke off; a refusal comes with its fault. */
  readonly lost: (fault: Fault) => void;
}

/** Follow the stream until the signal ends it. */
export async function follow(
  calls: Calls,
  token: () => Promise<string>,
  on: Listening,
  signal: AbortSignal,
  silenceMs = SILENCE_MS,
): Promise<void> {
  let lastId = "";
  let tries = 0;
  const alive = () => {
    tries = 0;
    on.alive();
  };
  while (!signal.aborted) {
    const parser = new EventParser();
    parser.lastId = lastId;
    try {
      await listen(calls, await token(), parser, { ...on, alive }, signal, silenceMs);
    } catch (fault) {
      if (signal.aborted) return;
      if (!(fault instanceof Fault)) throw fault;
      on.lost(fault);
      // An id the host no longer understands must not keep us out.
      if (fault.kind === "refused") parser.lastId = "";
    }
    lastId = parser.lastId;
    const pauseMs = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)] ?? 0;
    tries += 1;
    // Not all at the same moment, when a host comes back to a hundred screens.
    await pause(pauseMs * (0.75 + Math.random() / 2), signal);
  }
}

async function listen(
  calls: Calls,
  token: string,
  parser: EventParser,
  on: Listening,
  signal: AbortSignal,
  silenceMs: number,
): Promise<void> {
  const line = new AbortController();
  const stop = () => line.abort();
  signal.addEventListener("abort", stop);
  let timer = setTimeout(stop, silenceMs);
  try {
    const response = await calls.follow("/stream", {
      token,
      signal: line.signal,
      timeoutMs: silenceMs,
      headers: {
        Accept: "text/event-stream",
        ...(parser.lastId === "" ? {} : { "Last-Event-ID": parser.lastId }),
      },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const read = await reader?.read();
      if (read === undefined || read.done) break;
      clearTimeout(timer);
      timer = setTimeout(stop, silenceMs);
      on.alive();
      for (const event of parser.push(read.value)) on.event(event);
    }
    throw unreachable();
  } catch (fault) {
    if (fault instanceof Fault) throw fault;
    throw unreachable();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    line.abort();
  }
}
