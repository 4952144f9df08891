// Times as people say them, in the page's language.

import { language } from "./page.js";

const relative = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });
const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
const dayAndClock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const seconds = new Intl.NumberFormat(language, {
  style: "unit",
  unit: "second",
  unitDisplay: "narrow",
});
const minutes = new Intl.NumberFormat(language, {
  style: "unit",
  unit: "minute",
  unitDisplay: "short",
});

/** "21 min. ago", for an instant in milliseconds. */
export function ago(atMs, nowMs = Date.now()) {
  const past = Math.max(0, Math.round((nowMs - atMs) / 1000));
  if (past < 60) return relative.format(-past, "second");
  if (past < 3600) return relative.format(-Math.floor(past / 60), "minute");
  if (past < 86400) return relative.format(-Math.floor(past / 3600), "hour");
  return relative.format(-Math.floor(past / 86400), "day");
}

/** The time of day, with the date if it was another day. */
export function at(atMs, nowMs = Date.now()) {
  const then = new Date(atMs);
  const today = then.toDateString() === new Date(nowMs).toDateString();
  return (today ? clock : dayAndClock).format(then);
}

/** How old something is: "12s", "3 min". */
export function age(ms) {
  const whole = Math.max(0, Math.round(ms / 1000));
  return whole < 120 ? seconds.format(whole) : minutes.format(Math.floor(whole / 60));
}
