/** What a monitor calls out: zones at their level, gates that say nothing. No framework. */

import type { CentreLine, FlowAnswer, LinkState, ZoneShown } from "../../core/types";
import { fullness } from "../gate/place";
import type { Speech } from "../parts/speech.svelte";

export interface Alarm {
  /** Stable while the cause lasts. */
  readonly key: string;
  readonly grave: boolean;
  readonly words: string;
}

/** Everything a person should look at, the gravest first. */
export function alarmsOf(
  zones: readonly ZoneShown[],
  flow: FlowAnswer | null,
  link: LinkState,
  centre: CentreLine | null,
  w: Speech,
  nowMs: number,
): Alarm[] {
  const alarms: Alarm[] = [];
  if (link.state === "unreachable" || link.state === "refusing") {
    alarms.push({
      key: "link",
      grave: true,
      words: w.t("No connection for {age}. These numbers stand still.", { age: w.age(nowMs - link.sinceMs) }),
    });
  }
  const line = centreWords(centre, w, nowMs);
  if (line !== null) alarms.push({ key: "centre", grave: false, words: line });
  for (const zone of zones) {
    const { level } = fullness(zone);
    if (level === "free") continue;
    const name = w.named(zone);
    alarms.push({
      key: `zone ${zone.zone}`,
      grave: level === "full",
      words: level === "full" ? w.t("{zone} is full", { zone: name }) : w.t("{zone} is nearly full", { zone: name }),
    });
  }
  for (const gate of flow?.gates ?? []) {
    if (!gate.silent) continue;
    const name = w.named(gate);
    alarms.push({
      key: `gate ${gate.gate}`,
      grave: false,
      words:
        gate.seen_at === undefined
          ? w.t("{gate} has not been heard of", { gate: name })
          : w.t("{gate} is silent, last heard {ago}", { gate: name, ago: w.ago(Date.parse(gate.seen_at), nowMs) }),
    });
  }
  return alarms.sort((a, b) => Number(b.grave) - Number(a.grave));
}

/** What is the matter with the host's line to its centre, with figures and their age; null for nothing. */
export function centreWords(line: CentreLine | null, w: Speech, nowMs: number): string | null {
  if (line === null || (line.up && line.state === "open")) return null;
  const parts = [
    line.up && line.state === "poor"
      ? w.t("The line to the centre is too poor; the gates go on")
      : w.t("The line to the centre is down; the gates go on"),
    w.t("{n} records wait here", { n: w.number(line.backlog) }),
  ];
  const measured = Date.parse(line.measured_at);
  if (!Number.isNaN(measured)) {
    const figures = [w.t("{n} percent lost", { n: w.number(line.loss_percent) })];
    if (line.latency_ms >= 0) figures.push(w.t("{n} ms", { n: w.number(line.latency_ms) }));
    if (line.kbit >= 0) figures.push(w.t("{n} kbit/s", { n: w.number(line.kbit) }));
    parts.push(`${figures.join(", ")} (${w.ago(measured, nowMs)})`);
  }
  return parts.join(" · ");
}
