/** Numbers of the flow, ready to be drawn: sums, scales and the marks of an axis. No framework. */

import type { FlowAnswer, GateFlow } from "../../core/types";

/** The rate of a gate is told over so many of its last whole minutes. */
export const RATE_MINUTES = 5;

/** One minute of all gates that speak. */
export interface Minute {
  /** Begin of the minute, in milliseconds since 1970. */
  readonly atMs: number;
  readonly entries: number;
  readonly exits: number;
}

/** All gates together, minute by minute. A silent gate adds nothing: it is named beside it. */
export function minutesOf(flow: FlowAnswer): Minute[] {
  const fromMs = Date.parse(flow.from);
  return Array.from({ length: flow.minutes }, (_, i) => ({
    atMs: fromMs + i * 60_000,
    entries: sumAt(flow.gates, "entries", i),
    exits: sumAt(flow.gates, "exits", i),
  }));
}

function sumAt(gates: readonly GateFlow[], key: "entries" | "exits", minute: number): number {
  return gates.reduce((sum, gate) => sum + (gate[key][minute] ?? 0), 0);
}

/** People per minute over the last whole minutes; the running one is not over and does not count. */
export function rateOf(perMinute: readonly number[]): number {
  const whole = perMinute.slice(-RATE_MINUTES - 1, -1);
  if (whole.length === 0) return 0;
  return whole.reduce((sum, n) => sum + n, 0) / whole.length;
}

const ROUND = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10];

/** The least round number that is not below any value, so that the bars fill their place. */
export function topOf(values: readonly number[]): number {
  const most = Math.max(1, ...values);
  const power = 10 ** Math.floor(Math.log10(most));
  const step = ROUND.find((factor) => factor * power >= most) ?? 10;
  return Math.max(2, Math.ceil(step * power));
}

/** Points of a line in a box, for a polyline; the newest on the right. */
export function points(values: readonly number[], width: number, height: number, top: number): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  return values
    .map((value, i) => `${round(i * step)},${round(height - (value / top) * height)}`)
    .join(" ");
}

const round = (value: number) => Math.round(value * 10) / 10;

/** Every so many minutes a mark, so that about six stand on the axis. */
export function marksOf(minutes: readonly Minute[], every = 10): Minute[] {
  return minutes.filter((one) => new Date(one.atMs).getMinutes() % every === 0);
}
