/** What a self-test makes of one burst of a keyboard-wedge scanner. No framework. */

import type { Heard } from "../../core/types";

/** A gap longer than this ends a scanner's burst; the same bound the listener has. */
export const GAP_MS_MAX = 80;
/** Fewer letters are typing, not scanning. */
export const LETTERS_MIN = 6;

export type ScannerFault = "swallowed" | "no_end" | "slow" | "short" | "lower" | "foreign";

/** Everything that is wrong with what arrived; empty if the scanner works here. */
export function judge(heard: Heard): ScannerFault[] {
  const faults: ScannerFault[] = [];
  if (heard.swallowed) faults.push("swallowed");
  if (heard.end === "none") faults.push("no_end");
  if (heard.slowestGapMs > GAP_MS_MAX) faults.push("slow");
  if (heard.text.length < LETTERS_MIN) faults.push("short");
  if (/[^\x20-\x7e]/u.test(heard.text)) faults.push("foreign");
  else if (/[a-z]/u.test(heard.text) && !heard.text.includes("://")) faults.push("lower");
  return faults;
}

/** The letters one by one, blanks and control characters by their names, then what ended them. */
export function signsOf(heard: Heard): { text: string; named: boolean }[] {
  const signs = [...heard.text].map((sign) => {
    const point = sign.codePointAt(0) ?? 0;
    if (sign === " ") return { text: "␣", named: false };
    if (point < 0x20 || point === 0x7f) {
      return { text: `U+${point.toString(16).toUpperCase().padStart(4, "0")}`, named: true };
    }
    return { text: sign, named: false };
  });
  return heard.end === "none" ? signs : [...signs, { text: heard.end, named: true }];
}
