import { describe, expect, test } from "vitest";
// As text: Vite's own reader of JSON stumbles over the lone surrogate among the vectors.
import file from "../../../../tests/vectors/codes.json?raw";
import { TooLong, groupSerial, isSerial, normalise, ungroup } from "./text";

interface Vectors {
  readonly normalise: readonly { text: string; times?: number; normalised: string | null }[];
  readonly serial: {
    readonly of_number: readonly { serial: string }[];
    readonly grouped: readonly { serial: string; grouped: string }[];
    readonly valid: readonly string[];
    readonly invalid: readonly string[];
  };
}

const vectors = JSON.parse(file) as Vectors;

describe("codes, by the vectors every language is held to", () => {
  test.each(vectors.normalise)("normalise $text", ({ text, times = 1, normalised }) => {
    const typed = text.repeat(times);
    if (normalised === null) {
      expect(() => normalise(typed)).toThrow(TooLong);
    } else {
      expect(normalise(typed)).toBe(normalised);
      expect(normalise(normalised)).toBe(normalised);
    }
  });

  test.each(vectors.serial.valid)("%s is a serial", (serial) => {
    expect(isSerial(serial)).toBe(true);
  });

  test.each(vectors.serial.of_number)("$serial has its check digit", ({ serial }) => {
    expect(isSerial(serial)).toBe(true);
    const wrong = (Number(serial.slice(-1)) + 1) % 10;
    expect(isSerial(`${serial.slice(0, -1)}${wrong}`)).toBe(false);
  });

  test.each(vectors.serial.invalid)("%j is no serial", (text) => {
    expect(isSerial(text)).toBe(false);
  });

  test.each(vectors.serial.grouped)("$serial is read aloud in groups", ({ serial, grouped }) => {
    expect(groupSerial(serial)).toBe(grouped);
    expect(ungroup(normalise(grouped))).toBe(serial);
  });

  test("hyphens are taken out of groups and left anywhere else", () => {
    expect(ungroup("4471-0093-1234-50")).toBe("44710093123450");
    for (const text of ["-1234", "1234-", "12--34", "12-É"]) expect(ungroup(text)).toBe(text);
  });
});
