/** Where a terminal stands, and what it begins with. */

import type { Direction, GateShown, Settings, TerminalShown } from "./types";
import type { Language } from "./words";

export function startSettings(language: Language): Settings {
  return {
    language,
    theme: "auto",
    pass: "blue",
    sound: true,
    vibration: true,
    camera: true,
    cameraId: "",
    gate: "",
    direction: "entry",
    bothWays: false,
  };
}

/**
 * The gate and direction of a terminal: what was chosen, as long as the host allows it; else the
 * gate it is named after (north-1 opens at the north gate), and the first way it is passed.
 */
export function standAt(
  terminal: TerminalShown,
  chosen: Pick<Settings, "gate" | "direction">,
): { gate: GateShown | null; direction: Direction } {
  const { gates, name } = terminal;
  const gate =
    gates.find(({ slug }) => slug === chosen.gate) ??
    gates.find(({ slug }) => name.startsWith(slug)) ??
    gates[0] ??
    null;
  const ways = gate?.directions ?? [];
  const direction = ways.includes(chosen.direction) ? chosen.direction : (ways[0] ?? "entry");
  return { gate, direction };
}
