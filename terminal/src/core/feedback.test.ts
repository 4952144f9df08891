import { expect, test } from "vitest";
import { BUZZES, TONES } from "./feedback";

test("every two faces differ in rhythm, heard and felt", () => {
  const rhythms = Object.values(TONES).map((tones) =>
    JSON.stringify(tones.map(({ atMs, ms }) => [atMs, ms])),
  );
  expect(new Set(rhythms).size).toBe(rhythms.length);
  const buzzes = Object.values(BUZZES).map((buzz) => buzz.join());
  expect(new Set(buzzes).size).toBe(buzzes.length);
});

test("refusing is low and twice, admitting high and once", () => {
  expect(TONES.admit).toHaveLength(1);
  expect(TONES.refuse).toHaveLength(2);
  const highest = Math.max(...TONES.refuse.map(({ hz }) => hz));
  expect(highest).toBeLessThan((TONES.admit[0]?.hz ?? 0) / 4);
});
