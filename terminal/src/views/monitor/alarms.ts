/** What a monitor calls out: zones at their level, gates that say nothing. No framework. */

import type { FlowAnswer, LinkState, ZoneShown } from "../../core/types";
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
