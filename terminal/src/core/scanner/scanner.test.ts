import { describe, expect, test } from "vitest";
import { aimedAt, squareOf } from "./aim";
import { readCards } from "./nfc";
import { AWAY_MS, Once } from "./once";
import { Burst, GAP_MS_MAX, type Key } from "./wedge";

/** What a burst hears of a text typed with one gap between all keys. */
function typed(text: string, gapMs: number, end = "Enter", change: (key: Key) => Key = (k) => k) {
  const burst = new Burst();
  let atMs = 1_000;
  for (const key of text) {
    expect(burst.push(change({ key }), atMs)).toBeNull();
    atMs += gapMs;
  }
  return burst.push({ key: end }, atMs);
}

describe("wedge scanners", () => {
  test.each(["Enter", "Tab"])("end with %s", (end) => {
    expect(typed("0123456789ABCDEF", 8, end)).toMatchObject({
      text: "0123456789ABCDEF",
      keys: 16,
      slowestGapMs: 8,
      end,
      swallowed: false,
    });
  });

  test("on a busy machine come with gaps up to 80 ms", () => {
    expect(typed("ABC123", GAP_MS_MAX)?.text).toBe("ABC123");
    expect(typed("ABC123", GAP_MS_MAX + 1)).toBeNull();
  });

  test("stumble on a busy machine without half a code being taken for a whole one", () => {
    const stumbling = (stumbles: readonly number[]) => {
      const burst = new Burst();
      let atMs = 0;
      for (const [at, key] of [..."0123456789ABCDEF"].entries()) {
        atMs += stumbles.includes(at) ? 300 : 10;
        burst.push({ key }, atMs);
      }
      return burst.push({ key: "Enter" }, atMs + 10)?.text ?? null;
    };
    expect(stumbling([9])).toBe("0123456789ABCDEF");
    expect(stumbling([5, 11])).toBe("0123456789ABCDEF");
    expect(stumbling([3, 6, 9, 12])).toBeNull();
  });

  test("are told from fingers by their number of keys", () => {
    expect(typed("ABC12", 10)).toBeNull();
    expect(typed("", 10)).toBeNull();
  });

  test("begin anew after a pause, whatever was typed before", () => {
    const burst = new Burst();
    burst.push({ key: "x" }, 0);
    for (const [at, key] of [..."ABC123"].entries()) burst.push({ key }, 5_000 + at);
    expect(burst.push({ key: "Enter" }, 5_010)?.text).toBe("ABC123");
  });

  test("whose letters an input method swallowed are noticed", () => {
    const swallow = (key: Key): Key =>
      /[A-Z]/.test(key.key) ? { key: "Process", keyCode: 229, isComposing: true } : key;
    expect(typed("ABC123456", 10, "Enter", swallow)).toMatchObject({
      text: "123456",
      keys: 9,
      swallowed: true,
    });
  });

  test("may send shift, control characters and letters outside of ASCII between", () => {
    const burst = new Burst();
    const keys: Key[] = [
      ..."AB1".split("").map((key) => ({ key })),
      { key: "Shift" },
      { key: "]", ctrlKey: true },
      ...[..."é🎫9"].map((key) => ({ key })),
    ];
    for (const [at, key] of keys.entries()) burst.push(key, at * 5);
    expect(burst.push({ key: "Enter" }, 45)?.text).toBe("AB1é🎫9");
  });

  test("that send 3,000 characters do not fill the memory, and are heard", () => {
    expect(typed("A".repeat(3_000), 2)?.text).toHaveLength(3_000);
    expect(typed("A".repeat(9_000), 1)?.text).toHaveLength(4_096);
  });
});

describe("a code held before the camera", () => {
  test("for a minute is decided once", () => {
    const once = new Once();
    const decisions = [];
    for (let atMs = 0; atMs <= 60_000; atMs += 84) {
      if (once.isNew("A", atMs)) decisions.push(atMs);
    }
    expect(decisions).toEqual([0]);
  });

  test("flickering in bad light is still the same showing; taken away and back it is another", () => {
    const once = new Once();
    expect(once.isNew("A", 0)).toBe(true);
    expect(once.isNew("A", AWAY_MS)).toBe(false);
    expect(once.isNew("A", 2 * AWAY_MS + 1)).toBe(true);
  });

  test("does not keep another one waiting, nor do thousands fill the memory", () => {
    const once = new Once();
    expect(once.isNew("A", 0)).toBe(true);
    expect(once.isNew("B", 1)).toBe(true);
    for (let at = 0; at < 1_000; at += 1) once.isNew(`other ${at}`, 2);
    expect(once.isNew("B", 3)).toBe(true);
  });
});

describe("aiming", () => {
  test("looks at a square in the middle", () => {
    expect(squareOf(1280, 720)).toEqual({ x: 370, y: 90, side: 540 });
    expect(squareOf(480, 640)).toEqual({ x: 60, y: 140, side: 360 });
  });

  test("takes the code nearest the centre", () => {
    const near = { text: "A", x: 210, y: 190 };
    expect(aimedAt([{ text: "B", x: 20, y: 20 }, near], 400)).toBe(near);
  });

  test("says so when nobody can tell which of five is meant", () => {
    const five = [0, 1, 2, 3, 4].map((at) => ({ text: `T${at}`, x: 100 + at * 50, y: 100 }));
    expect(aimedAt(five, 400)).toBe("several");
  });

  test("the same code printed twice is one", () => {
    const both = [150, 250].map((x) => ({ text: "A", x, y: 200 }));
    expect(aimedAt(both, 400)).toMatchObject({ text: "A" });
    expect(aimedAt([], 400)).toBeNull();
  });
});

describe("cards", () => {
  test("are told by their serial number, in one spelling", async () => {
    class Reader extends EventTarget {
      async scan(): Promise<void> {
        const event = Object.assign(new Event("reading"), { serialNumber: "04:a2:1b:7f" });
        queueMicrotask(() => this.dispatchEvent(event));
      }
    }
    const holder = globalThis as { NDEFReader?: unknown };
    const cards: string[] = [];
    const { signal } = new AbortController();
    expect(await readCards((serial) => cards.push(serial), signal)).toBe(false);
    holder.NDEFReader = Reader;
    expect(await readCards((serial) => cards.push(serial), signal)).toBe(true);
    delete holder.NDEFReader;
    expect(cards).toEqual(["04A21B7F"]);
  });
});
