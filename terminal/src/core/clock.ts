/**
 * Time as the host has it. A phone's own clock may be off by years: lifetimes are counted by the
 * steady clock of the page, and times of day by the offset learned from the host's answers.
 */

import { type Said, say } from "./words";

/** From here on a person is told. */
export const OFF_MS_MAX = 2 * 60_000;

export class Clock {
  private offset: number | null = null;
  private roundTripMs = Number.POSITIVE_INFINITY;

  constructor(
    private readonly wall: () => number = Date.now,
    private readonly steady: () => number = () => performance.now(),
  ) {}

  /** How far this device is ahead of the host, in ms; null before the first answer. */
  get offsetMs(): number | null {
    return this.offset;
  }

  /** A steady count of ms since the page was opened. */
  steadyMs(): number {
    return this.steady();
  }

  /** Take what was learned before the page was opened, until the host is asked. */
  assume(offsetMs: number | null): void {
    this.offset ??= offsetMs;
  }

  /** This device's clock. */
  nowMs(): number {
    return this.wall();
  }

  /** The host's clock, as far as it is known. */
  hostMs(): number {
    return this.wall() - (this.offset ?? 0);
  }

  /** A time of the host in this device's clock. */
  here(hostMs: number): number {
    return hostMs + (this.offset ?? 0);
  }

  /**
   * Learn from an answer. The host looked at its clock between question and answer; the shorter
   * that took, the better it is known. A clock that was set meanwhile is noticed.
   *
   * @param askedMs When it was asked, by `steadyMs`.
   */
  learn(hostNowMs: number, askedMs: number): void {
    const tookMs = this.steady() - askedMs;
    const offset = this.wall() - tookMs / 2 - hostNowMs;
    const wasSet = this.offset !== null && Math.abs(offset - this.offset) > tookMs + 1_000;
    if (this.offset === null || wasSet || tookMs <= this.roundTripMs) {
      this.offset = Math.round(offset);
      this.roundTripMs = tookMs;
    }
  }

  /** Words when this device's clock is off by more than two minutes. */
  complaint(): Said | null {
    if (this.offset === null || Math.abs(this.offset) <= OFF_MS_MAX) return null;
    const minutes = String(Math.round(Math.abs(this.offset) / 60_000));
    return this.offset > 0
      ? say("The clock of this device is {minutes} min fast; the host's time is used. Set it right.", {
          minutes,
        })
      : say("The clock of this device is {minutes} min slow; the host's time is used. Set it right.", {
          minutes,
        });
  }
}
