/** Times as people say them. */

import type { Language } from "../../core/words";
import { numberFormat, relativeFormat, timeFormat } from "./formats";

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** "21 min. ago", for an instant in milliseconds; an instant in the future is now. */
export function agoOf(language: Language, ms: number, nowMs: number): string {
  const format = relativeFormat(language);
  const past = Math.max(0, Math.round((nowMs - ms) / 1000));
  if (past < MINUTE_S) return format.format(-past, "second");
  if (past < HOUR_S) return format.format(-Math.floor(past / MINUTE_S), "minute");
  if (past < DAY_S) return format.format(-Math.floor(past / HOUR_S), "hour");
  return format.format(-Math.floor(past / DAY_S), "day");
}

/** The time of day with seconds, with the date before it if it was another day. */
export function clockOf(language: Language, ms: number, nowMs: number): string {
  const then = new Date(ms);
  const today = then.toDateString() === new Date(nowMs).toDateString();
  const style: Intl.DateTimeFormatOptions = today
    ? { timeStyle: "medium" }
    : { dateStyle: "medium", timeStyle: "short" };
  return timeFormat(language, style).format(then);
}

/** How old something is: seconds below two minutes, then minutes, then hours. */
export function ageOf(language: Language, ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1000));
  const [unit, value]: readonly [string, number] =
    whole < 2 * MINUTE_S
      ? ["second", whole]
      : whole < 2 * HOUR_S
        ? ["minute", Math.floor(whole / MINUTE_S)]
        : ["hour", Math.floor(whole / HOUR_S)];
  return numberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(value);
}
