/** What a terminal begins with, before its store is read. */

import type { AppState } from "./app";
import { firstTrust } from "./device";
import { firstLine } from "./line";
import { startSettings } from "./places";
import { CAMERA_OFF } from "./scanner/camera";
import { preferred } from "./words";

// Set by vite.config.ts; tests of single parts run without it.
declare const __VERSION__: string | undefined;
export const VERSION = typeof __VERSION__ === "string" ? __VERSION__ : "0";

/** Without these nothing can be done: keys need a secure context. */
export function isFit(): boolean {
  return globalThis.isSecureContext && globalThis.crypto?.subtle !== undefined;
}

/** The code in the address, which is taken out of it at once. */
export function takeFragment(): string | null {
  const code = location.hash.startsWith("#pair=") ? location.hash : null;
  if (code !== null) history.replaceState(null, "", location.pathname + location.search);
  return code;
}

export function firstState(): AppState {
  const settings = startSettings(preferred(navigator.languages));
  return {
    phase: "opening",
    link: firstLine(Date.now()),
    unsent: 0,
    terminal: null,
    node: "",
    staff: null,
    shiftUntilMs: 0,
    knownStaff: [],
    gate: null,
    direction: "entry",
    people: 1,
    previewing: false,
    verdict: null,
    recent: [],
    counts: null,
    centre: null,
    camera: CAMERA_OFF,
    hint: null,
    notices: [],
    heard: null,
    trust: firstTrust(),
    settings,
    clockOffsetMs: null,
    updateReady: false,
    version: VERSION,
  };
}

