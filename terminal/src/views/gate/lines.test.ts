import { describe, expect, test } from "vitest";
import { RECENT, VERDICTS } from "../../gallery/samples";
import type { Verdict } from "../../core/types";
import type { Language } from "../../core/words";
import strings from "../../strings.json";
import { Speech } from "../parts/speech.svelte";
import { deedsOf, groupEntered, guestLinesOf, linesOf, spanOf, spoken } from "./lines";

const NOW = Date.now();
const speaker = (language: Language) => new Speech(() => language);
const en = speaker("en");
const zh = speaker("zh-Hans");
const of = (name: string, more: Partial<Verdict> = {}): Verdict => {
  const found = VERDICTS[name];
  if (found === undefined) throw new Error(`no sample ${name}`);
  return { ...found, ...more };
};

describe("the lines of a verdict", () => {
  test("an entry says who, what and that it was the last use", () => {
    const lines = linesOf(of("admit"), en, NOW);
    expect(lines).toMatchObject({ word: "Welcome", who: "欧阳娜娜", what: "Adult, morning · last use", group: "" });
    expect(linesOf(of("admit_long"), en, NOW).what).toBe("Adult, morning · 3 left");
  });

  test("in Chinese, with the Chinese product", () => {
    const lines = linesOf(of("admit"), zh, NOW);
    expect(lines.word).toBe(strings["zh-Hans"]["Welcome"]);
    expect(lines.what).toContain("成人票");
  });

  test("a used ticket says how long ago, at which gate and by whom", () => {
    const lines = linesOf(of("already_used"), en, NOW);
    expect(lines.ago).toBe("21 min. ago");
    expect(lines.first).toMatch(/^\d\d:\d\d:\d\d · South gate · by Li Lei 李雷$|, .* · South gate · by Li Lei 李雷$/);
    expect(linesOf(of("already_used"), zh, NOW).first).toContain("南门");
  });

  test("without a person the line does not say by whom", () => {
    expect(linesOf(of("already_inside"), en, NOW).first).toMatch(/South gate$/);
  });

  test("a group says how many of how many are in", () => {
    const lines = linesOf(of("admit_group"), en, NOW);
    expect(lines.group).toBe("2 of 5 in");
    expect(lines.what).toBe("Group · 2 people");
    expect(groupEntered(of("admit_group"))).toEqual({ in: 2, of: 5, left: 3 });
  });

  test("a group's ticket for several days has no number of people in", () => {
    const verdict = of("admit_group");
    const ticket = verdict.ticket === null ? null : { ...verdict.ticket, uses_left: 13 };
    expect(groupEntered({ ...verdict, ticket })).toBeNull();
    expect(linesOf({ ...verdict, ticket }, en, NOW).what).toBe("Group · 2 people · 13 left");
  });

  test("no ticket, no line of a ticket", () => {
    expect(linesOf(of("unknown"), en, NOW)).toMatchObject({ who: "", what: "", ago: "", first: "" });
  });

  test("checks only never say welcome", () => {
    expect(linesOf(of("admit", { preview: true }), en, NOW).word).toBe("Would pass");
    expect(linesOf(of("forged", { preview: true }), en, NOW).word).toBe("Forged");
  });

  test("what a supervisor stands behind is marked", () => {
    expect(linesOf(of("admit_override"), en, NOW).marks).toHaveLength(1);
    expect(linesOf(of("admit"), en, NOW).marks).toHaveLength(0);
  });

  test("every reason has a word and every refusal a next step, in both languages", () => {
    for (const [name, verdict] of Object.entries(VERDICTS)) {
      for (const w of [en, zh]) {
        const lines = linesOf(verdict, w, NOW);
        expect(lines.word, name).not.toBe("");
        if (verdict.face === "warn" || verdict.face === "refuse") expect(lines.advice, name).not.toBe("");
      }
    }
  });
});

describe("what guests read by themselves", () => {
  test("is never the steward's advice, nor when and where a ticket was used", () => {
    const lines = guestLinesOf(of("already_used"), en, NOW);
    expect(lines).toMatchObject({ word: "Already used", ago: "", first: "", advice: "Please ask our staff." });
  });

  test("accuses nobody", () => {
    expect(guestLinesOf(of("forged"), en, NOW).word).toBe("One moment");
    expect(guestLinesOf(of("blocked"), en, NOW).says).toBe("This needs a second look.");
  });

  test("is the same welcome", () => {
    expect(guestLinesOf(of("admit"), en, NOW).word).toBe("Welcome");
  });
});

describe("what may be done", () => {
  const undoable = RECENT.filter((line) => line.mayUndo);

  test("an entry can be undone while the list says so", () => {
    const undone = RECENT.map((line) => ({ ...line, id: of("admit").id, mayUndo: false }));
    expect(deedsOf(of("admit"), undoable)).toEqual(["undo", "next"]);
    expect(deedsOf(of("admit"), undone)).toEqual(["next"]);
  });

  test("no button moves when the line of an entry comes into the list", () => {
    expect(deedsOf(of("admit"), [])).toEqual(["undo", "next"]);
  });

  test("a refusal is never undone, it has a history and perhaps a supervisor", () => {
    expect(deedsOf(of("already_used"), undoable)).toEqual(["story", "override", "next"]);
    expect(deedsOf(of("void"), undoable)).toEqual(["story", "next"]);
    expect(deedsOf(of("unknown"), undoable)).toEqual(["next"]);
  });

  test("identity is confirmed or denied; there is no way past the question", () => {
    expect(deedsOf(of("identity"), [])).toEqual(["story", "not_holder", "holder"]);
  });

  test("the rest of a group is one tap away, until nobody is left", () => {
    expect(deedsOf(of("admit_group"), undoable)).toEqual(["undo", "rest", "next"]);
    const verdict = of("admit_group");
    const ticket = verdict.ticket === null ? null : { ...verdict.ticket, uses_left: 0 };
    expect(deedsOf({ ...verdict, ticket }, [])).toEqual(["undo", "next"]);
  });

  test("checks only offer nothing that changes anything", () => {
    for (const [name, verdict] of Object.entries(VERDICTS)) {
      const deeds = deedsOf({ ...verdict, preview: true }, RECENT);
      expect(deeds.filter((deed) => deed !== "story"), name).toEqual(["next"]);
    }
  });
});

describe("the size of a word", () => {
  test("follows its longest run; a Chinese character counts nearly two letters", () => {
    expect(spanOf("Already exchanged")).toBe(9);
    expect(spanOf("Unknown")).toBeGreaterThan(spanOf("Blocked"));
    expect(spanOf("until")).toBeLessThan(5);
    expect(spanOf("已经用过")).toBe(7);
    expect(spanOf("")).toBe(1);
  });
});

test("a screen reader hears the verdict in one breath, the mode first", () => {
  const said = spoken(linesOf(of("already_used"), en, NOW), "Checks only");
  expect(said).toMatch(/^Checks only\. Already used\. O’Brien, Séan\. Adult, morning\. 21 min\. ago\./);
});
