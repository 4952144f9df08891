/** What runs by itself: the stream, the report of this terminal's state, and looking for the host. */

import type { AppState, Phase } from "./app";
import { type Calls, Fault, PATIENT_MS, pause } from "./calls";
import type { Clock } from "./clock";
import { heardOn } from "./line";
import type { SignOn } from "./sign_on";
import type { Cell } from "./state";
import { type StreamEvent, follow } from "./stream";
import type { CentreLine, OccupancyAnswer, StatusAnswer, TerminalShown } from "./types";

const STATUS_EVERY_MS = 20_000;
const LOOK_EVERY_MS = 5_000;
const COUNT_EVERY_MS = 5_000;
const ALIVE_MS = 2_000;

export interface WatchParts {
  readonly cell: Cell<AppState>;
  readonly calls: Calls;
  readonly signOn: SignOn;
  readonly clock: Clock;
  readonly version: string;
  readonly learned: (terminal: TerminalShown) => void;
  /** The clock, or something else people are told of, was learned anew. */
  readonly told: () => void;
}

export class Watch {
  private control: AbortController | null = null;

  constructor(private readonly parts: WatchParts) {}

  /** Run what belongs to a phase, and nothing else. */
  follow(phase: Phase): void {
    this.stop();
    const control = new AbortController();
    this.control = control;
    const { signal } = control;
    void this.lookForHost(signal);
    if (phase === "working" || phase === "sign_on") void this.report(signal);
    if (phase !== "working") return;
    if (this.parts.cell.get().terminal?.role === "kiosk") void this.countNow(signal);
    else void this.listen(signal);
  }

  stop(): void {
    this.control?.abort();
    this.control = null;
  }

  private async listen(signal: AbortSignal): Promise<void> {
    const { calls, signOn, cell } = this.parts;
    await follow(
      calls,
      () => signOn.token(),
      {
        event: (event) => this.take(event),
        alive: () => {
          const { link } = cell.get();
          if (link.state !== "connected") {
            cell.patch({ link: heardOn(link, { state: "connected" }, Date.now()) });
          }
        },
        lost: (fault) => void signOn.heed(fault),
      },
      signal,
    );
  }

  private take({ name, data }: StreamEvent): void {
    if (name === "occupancy") this.counted(JSON.parse(data) as OccupancyAnswer);
    if (name === "link") this.parts.cell.patch({ centre: JSON.parse(data) as CentreLine });
  }

  /** A kiosk has no stream: it asks. */
  private async countNow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.quietly(async () => {
        const token = await this.parts.signOn.token();
        this.counted(await this.parts.calls.once<OccupancyAnswer>("/occupancy", { token, signal }));
      });
      await pause(COUNT_EVERY_MS, signal);
    }
  }

  private counted({ as_of, zones }: OccupancyAnswer): void {
    const asOfMs = Math.min(this.parts.clock.here(Date.parse(as_of)), Date.now());
    this.parts.cell.patch({ counts: { zones, asOfMs } });
  }

  private async report(signal: AbortSignal): Promise<void> {
    const { cell, calls, signOn, clock, version } = this.parts;
    while (!signal.aborted) {
      await this.quietly(async () => {
        const { unsent, trust } = cell.get();
        const { battery } = trust;
        const body = {
          version,
          unsent,
          clock_ms: clock.nowMs(),
          ...(battery === null ? {} : { battery: battery.percent, charging: battery.charging }),
        };
        const token = await signOn.token();
        const askedMs = clock.steadyMs();
        const answer = await calls.once<StatusAnswer>("/terminals/status", {
          body,
          token,
          timeoutMs: PATIENT_MS,
          signal,
        });
        clock.learn(answer.now_ms, askedMs);
        this.parts.learned(answer.terminal);
        this.parts.told();
      });
      await pause(STATUS_EVERY_MS, signal);
    }
  }

  /** While nobody answers, ask every few seconds whether the host is back. */
  private async lookForHost(signal: AbortSignal): Promise<void> {
    const { cell } = this.parts;
    for (;;) {
      if (cell.get().link.state !== "connected") {
        const alive = await isAlive();
        const { link } = cell.get();
        if (signal.aborted) return;
        const heard = { state: alive ? ("connected" as const) : ("unreachable" as const) };
        // A host that lives and cannot serve is not well because it says that it lives.
        if (!(alive && link.state === "refusing")) {
          cell.patch({ link: heardOn(link, heard, Date.now()) });
        }
      }
      await pause(LOOK_EVERY_MS, signal);
      if (signal.aborted) return;
    }
  }

  private async quietly(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      await this.parts.signOn.heed(fault);
    }
  }
}

async function isAlive(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ALIVE_MS);
    return (await fetch("/healthz", { cache: "no-store", signal })).ok;
  } catch {
    return false;
  }
}
