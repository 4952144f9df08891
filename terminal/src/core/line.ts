/** The line to the host as the strip shows it, by this device's own clock. */

import type { Heard } from "./calls";
import type { LinkState } from "./types";

/** Before the first answer. */
export function firstLine(nowMs: number): LinkState {
  return { state: "connecting", sinceMs: nowMs, said: null };
}

/** After one sign: the beginning moves only when the state changes. */
export function heardOn(line: LinkState, heard: Heard, nowMs: number): LinkState {
  const said = heard.state === "refusing" ? heard.said : null;
  if (line.state === heard.state) return line.said === said ? line : { ...line, said };
  return { state: heard.state, sinceMs: nowMs, said };
}
