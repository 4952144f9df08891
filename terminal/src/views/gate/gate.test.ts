import { describe, expect, test } from "vitest";
import { FLOW, FOUND, HEARD_BAD, HEARD_GOOD, LOST, NOW_MS, STATE } from "../../gallery/samples";
import type { CentreLine, GateShown, ZoneShown } from "../../core/types";
import { say } from "../../core/words";
import { alarmsOf } from "../monitor/alarms";
import { marksOf, minutesOf, points, rateOf, topOf } from "../monitor/chart";
import { Speech } from "../parts/speech.svelte";
import { ageOf, agoOf, clockOf } from "../parts/times";
import { longEnough, meant } from "./finding";
import { judge, signsOf } from "./heard";
import { fullness, goesBothWays, linkLine, OLD_MS, zoneOf } from "./place";

const w = new Speech(() => "en");
const zone = (more: Partial<ZoneShown>): ZoneShown => ({
  zone: "main", name: "Main", name_zh: "", entries: 0, exits: 0, inside: 0, cap: 100, alarm: false, ...more,
});

describe("the strip", () => {
  test("connected and fresh is live; connected with old numbers tells their age", () => {
    expect(linkLine(STATE.link, STATE.counts, w, NOW_MS)).toEqual({ tone: "good", word: "Connected", age: "live" });
    const line = linkLine(STATE.link, STATE.counts, w, NOW_MS + OLD_MS + 60_000);
    expect(line.tone).toBe("good");
    expect(line.age).toBe("93 sec old");
  });

  test("a lost host is told with the age of the last numbers, or since when", () => {
    expect(linkLine(LOST.link, LOST.counts, w, NOW_MS)).toEqual({ tone: "lost", word: "No connection", age: "3 min old" });
    expect(linkLine(LOST.link, null, w, NOW_MS).age).toBe("3 min");
  });

  test("a host that refuses is quoted", () => {
    const link = { state: "refusing", sinceMs: NOW_MS, said: say("Not ready") } as const;
    expect(linkLine(link, null, w, NOW_MS).word).toBe("Not ready");
    expect(linkLine({ ...link, said: null }, null, w, NOW_MS).word).toBe("The host says no");
  });

  test("numbers from the future are fresh, not negative", () => {
    expect(linkLine(STATE.link, STATE.counts, w, NOW_MS - 60_000).age).toBe("live");
  });

  test("the zone is that of the gate, and none where the host counts none", () => {
    expect(zoneOf(STATE.counts, STATE.gate)?.inside).toBe(12_408);
    expect(zoneOf(STATE.counts, { ...(STATE.gate as GateShown), zone: "moon" })).toBeNull();
    expect(zoneOf(null, STATE.gate)).toBeNull();
  });

  test("full is full even without an alarm; the alarm is the host's", () => {
    expect(fullness(zone({ inside: 100 }))).toEqual({ share: 1, level: "full" });
    expect(fullness(zone({ inside: 130 })).share).toBe(1);
    expect(fullness(zone({ inside: 80, alarm: true })).level).toBe("near");
    expect(fullness(zone({ inside: 80 })).level).toBe("free");
    expect(fullness(zone({ inside: 80, cap: 0 }))).toEqual({ share: 0, level: "free" });
    expect(fullness(zone({ cap: 0, alarm: true })).level).toBe("near");
  });

  test("a gate for one way has no switch", () => {
    expect(goesBothWays(STATE.gate)).toBe(true);
    expect(goesBothWays({ ...(STATE.gate as GateShown), directions: ["entry"] })).toBe(false);
    expect(goesBothWays(null)).toBe(false);
  });
});

describe("search", () => {
  test("two Chinese characters or three letters are enough", () => {
    expect(["王小", "abc", " 093 ", "ab", "王", "  a  ", ""].map(longEnough)).toEqual([
      true, true, true, false, false, false, false,
    ]);
  });

  test("Enter means the only exact match, else the only one, else nobody", () => {
    expect(meant(FOUND)?.id).toBe("f1");
    const twins = FOUND.map((ticket) => ({ ...ticket, exact: true }));
    expect(meant(twins)).toBeNull();
    expect(meant(FOUND.slice(1, 2))?.id).toBe("f2");
    expect(meant(FOUND.slice(1))).toBeNull();
    expect(meant([])).toBeNull();
  });
});

describe("the scanner's self-test", () => {
  test("finds nothing wrong with a good scanner, and every fault of a bad one", () => {
    expect(judge(HEARD_GOOD)).toEqual([]);
    expect(judge(HEARD_BAD)).toEqual(["swallowed", "no_end", "slow", "short", "lower"]);
    expect(judge({ ...HEARD_GOOD, text: "8Q4ZКМ2W" })).toEqual(["foreign"]);
    expect(judge({ ...HEARD_GOOD, text: "https://example.org/t/x" })).toEqual([]);
  });

  test("prints letters one by one, blanks and control characters by name, and the end", () => {
    expect(signsOf({ ...HEARD_GOOD, text: "A \u001d" })).toEqual([
      { text: "A", named: false },
      { text: "␣", named: false },
      { text: "U+001D", named: true },
      { text: "Enter", named: true },
    ]);
    expect(signsOf({ ...HEARD_GOOD, text: "A", end: "none" })).toHaveLength(1);
  });
});

describe("the monitor", () => {
  test("adds up minutes over all gates, oldest first", () => {
    const minutes = minutesOf(FLOW);
    expect(minutes).toHaveLength(60);
    const first = FLOW.gates.reduce((sum, gate) => sum + (gate.entries[0] ?? 0), 0);
    expect(minutes[0]).toEqual({ atMs: Date.parse(FLOW.from), entries: first, exits: expect.any(Number) as number });
  });

  test("a rate is that of the last five whole minutes; the running one does not count", () => {
    expect(rateOf([100, 10, 20, 30, 40, 50, 1])).toBe(30);
    expect(rateOf([7])).toBe(0);
    expect(rateOf([])).toBe(0);
  });

  test("the top of the scale is round and near the highest bar", () => {
    expect([[0], [7], [101], [119], [1300]].map(topOf)).toEqual([2, 8, 120, 120, 1600]);
  });

  test("a line starts left, ends right and is higher for more people", () => {
    expect(points([0, 5, 10], 100, 40, 10)).toBe("0,40 50,20 100,0");
    expect(points([3], 100, 40, 10)).toBe("0,28");
  });

  test("marks stand at full ten minutes", () => {
    const marks = marksOf(minutesOf(FLOW));
    expect(marks.length).toBe(6);
    expect(marks.every((mark) => new Date(mark.atMs).getMinutes() % 10 === 0)).toBe(true);
  });

  test("calls out full zones first, then what is nearly full, and gates that say nothing", () => {
    const zones = [zone({ inside: 100 }), zone({ zone: "b", name: "Hall", inside: 90, alarm: true }), zone({ zone: "c" })];
    expect(alarmsOf(zones, FLOW, STATE.link, null, w, NOW_MS).map((alarm) => alarm.words)).toEqual([
      "Main is full",
      "Hall is nearly full",
      "South gate is silent, last heard 4 min. ago",
    ]);
    expect(alarmsOf([], null, LOST.link, null, w, NOW_MS).map((alarm) => alarm.key)).toEqual(["link"]);
    expect(alarmsOf([], null, STATE.link, null, w, NOW_MS)).toEqual([]);
  });

  test("a line of the host to its centre that is not used is told with its figures and their age", () => {
    const line = {
      up: true, state: "open", backlog: 1200, success_at: "", loss_percent: 30, latency_ms: 900, kbit: -1,
      measured_at: new Date(NOW_MS - 2 * 60_000).toISOString(),
    } as const;
    const words = (more: Partial<CentreLine>) =>
      alarmsOf([], null, STATE.link, { ...line, ...more }, w, NOW_MS).map((alarm) => alarm.words);
    expect(words({})).toEqual([]);
    expect(words({ state: "poor" })).toEqual([
      "The line to the centre is too poor; the gates go on · 1,200 records wait here · 30 percent lost, 900 ms (2 min. ago)",
    ]);
    expect(words({ up: false, state: "down", latency_ms: -1, kbit: 12, measured_at: "" })).toEqual([
      "The line to the centre is down; the gates go on · 1,200 records wait here",
    ]);
    expect(words({ state: "poor", latency_ms: -1, kbit: 12 })[0]).toContain("30 percent lost, 12 kbit/s");
  });

  test("a gate that never spoke is told as such", () => {
    const gates = FLOW.gates.slice(2, 3).map(({ seen_at: _seen, ...gate }) => gate);
    expect(alarmsOf([], { ...FLOW, gates }, STATE.link, null, w, NOW_MS)[0]?.words).toBe("South gate has not been heard of");
  });
});

describe("times", () => {
  const noon = new Date(2026, 4, 2, 12, 0, 0).getTime();
  test("of today have seconds, of another day the date", () => {
    expect(clockOf("en", noon - 61_000, noon)).toBe("11:58:59");
    expect(clockOf("en", noon - 86_400_000, noon)).toContain("May 1, 2026");
    expect(clockOf("en", new Date(2026, 4, 2, 0, 5, 9).getTime(), noon)).toBe("00:05:09");
  });

  test("are told as people do", () => {
    expect([5_000, 61_000, 7_300_000, 90_000_000].map((past) => agoOf("en", noon - past, noon))).toEqual([
      "5 sec. ago", "1 min. ago", "2 hr. ago", "1 day ago",
    ]);
    expect(agoOf("en", noon + 5_000, noon)).toMatch(/^(0 sec\. ago|in 0 sec\.)$/);
    expect([12_000, 119_000, 120_000, 7_200_000, -5].map((ms) => ageOf("en", ms))).toEqual([
      "12 sec", "119 sec", "2 min", "2 hr", "0 sec",
    ]);
  });
});
