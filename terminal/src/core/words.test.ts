import { describe, expect, test } from "vitest";
import catalogues from "../strings.json";
import { preferred, translate } from "./words";

describe("words", () => {
  test("follow the first language of the browser", () => {
    expect(preferred(["zh-CN", "en"])).toBe("zh-Hans");
    expect(preferred(["en-GB", "zh-CN"])).toBe("en");
    expect(preferred([])).toBe("en");
  });

  test("are English as written, and Chinese from the catalogue", () => {
    const [english, chinese] = Object.entries(catalogues["zh-Hans"])[0] ?? ["", ""];
    expect(chinese).not.toBe("");
    expect(translate("en", english)).toBe(english);
    expect(translate("zh-Hans", english)).toBe(chinese);
  });

  test("fill in what stands in braces, and leave unknown braces alone", () => {
    expect(translate("en", "since {time}, {more}", { time: "09:00" })).toBe("since 09:00, {more}");
  });

  test("have the same braces in both languages", () => {
    const braces = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [english, chinese] of Object.entries(catalogues["zh-Hans"])) {
      expect(braces(chinese), english).toEqual(braces(english));
    }
  });
});
