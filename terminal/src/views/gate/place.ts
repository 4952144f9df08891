/** What the strip says: the line to the host, the age of what is shown, and this gate's zone. */

import type { Counts, GateShown, LinkState, ZoneShown } from "../../core/types";
import type { Speech } from "../parts/speech.svelte";

/** Older than this, a count is told with its age in large: twice the stream's heartbeat. */
export const OLD_MS = 32_000;

export interface LinkLine {
  readonly tone: "good" | "asking" | "lost";
  readonly word: string;
  /** How old the counts are, or since when nothing is heard. */
  readonly age: string;
}

/** The line to the host in words. Offline is a state, never a dialog. */
export function linkLine(link: LinkState, counts: Counts | null, w: Speech, nowMs: number): LinkLine {
  const ageMs = counts === null ? 0 : Math.max(0, nowMs - counts.asOfMs);
  const told = counts === null ? "" : w.t("{age} old", { age: w.age(ageMs) });
  switch (link.state) {
    case "connected":
      return {
        tone: "good",
        word: w.t("Connected"),
        age: counts === null ? "" : ageMs > OLD_MS ? told : w.t("live"),
      };
    case "connecting":
      return { tone: "asking", word: w.t("Connecting"), age: told };
    case "refusing":
      return { tone: "lost", word: w.say(link.said) || w.t("The host says no"), age: told };
    case "unreachable":
      return {
        tone: "lost",
        word: w.t("No connection"),
        age: told || w.age(nowMs - link.sinceMs),
      };
  }
}

/** The zone this gate leads into, if the host counts it. */
export function zoneOf(counts: Counts | null, gate: GateShown | null): ZoneShown | null {
  if (counts === null || gate === null) return null;
  return counts.zones.find((zone) => zone.zone === gate.zone) ?? null;
}

/** How full a zone is. An alarm the host set stands, whatever the share. */
export function fullness(zone: ZoneShown): { share: number; level: "free" | "near" | "full" } {
  if (zone.cap === 0) return { share: 0, level: zone.alarm ? "near" : "free" };
  const share = Math.min(1, zone.inside / zone.cap);
  if (zone.inside >= zone.cap) return { share, level: "full" };
  return { share, level: zone.alarm ? "near" : "free" };
}

/** Both ways are open to this gate, so that the direction is a choice. */
export function goesBothWays(gate: GateShown | null): boolean {
  return gate !== null && gate.directions.length > 1;
}
