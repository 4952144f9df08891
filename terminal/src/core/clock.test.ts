import { describe, expect, test } from "vitest";
import { Clock } from "./clock";

describe("the clock", () => {
  let wall = 0;
  let steady = 0;
  const make = () =>
    new Clock(
      () => wall,
      () => steady,
    );

  test("learns the host's time from an answer, half the way back", () => {
    [wall, steady] = [10_000, 500];
    const clock = make();
    expect(clock.offsetMs).toBeNull();
    clock.learn(4_900, 300);
    expect(clock.offsetMs).toBe(5_000);
    expect(clock.hostMs()).toBe(5_000);
    expect(clock.here(5_000)).toBe(10_000);
  });

  test("keeps the answer that took the shortest, until somebody sets the clock", () => {
    [wall, steady] = [10_000, 1_000];
    const clock = make();
    clock.learn(10_000, 1_000);
    expect(clock.offsetMs).toBe(0);
    clock.learn(9_500, 200);
    expect(clock.offsetMs).toBe(0);
    wall = 3_610_000;
    clock.learn(10_000, 200);
    expect(Math.round((clock.offsetMs ?? 0) / 1000)).toBe(3_600);
  });

  test("keeps what it knew before the page was opened, until the host is asked", () => {
    [wall, steady] = [10_000_000, 0];
    const clock = make();
    clock.assume(300_000);
    expect(clock.complaint()?.values).toEqual({ minutes: "5" });
    clock.learn(10_000_000, 0);
    clock.assume(300_000);
    expect(clock.offsetMs).toBe(0);
  });

  test.each([
    [121_000, "fast"],
    [-121_000, "slow"],
  ])("off by %i ms is told as %s", (offset, word) => {
    [wall, steady] = [10_000_000 + offset, 0];
    const clock = make();
    clock.learn(10_000_000, 0);
    expect(clock.complaint()?.text).toContain(word);
    expect(clock.complaint()?.values).toEqual({ minutes: "2" });
  });

  test("off by less is nobody's business", () => {
    [wall, steady] = [110_000, 0];
    const clock = make();
    expect(clock.complaint()).toBeNull();
    clock.learn(0, 0);
    expect(clock.complaint()).toBeNull();
  });
});
