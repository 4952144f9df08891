/** Words in the reader's language: the English text is the key, the catalogue holds the Chinese. */

import catalogues from "../strings.json";

export type Language = "en" | "zh-Hans";

const CHINESE: Readonly<Record<string, string>> = catalogues["zh-Hans"];

/** The language to begin with: Chinese for any kind of Chinese, English otherwise. */
export function preferred(languages: readonly string[]): Language {
  return languages[0]?.toLowerCase().startsWith("zh") ? "zh-Hans" : "en";
}

/** One text in one language; `{name}` in it is replaced by the value of that name. */
export function translate(
  language: Language,
  text: string,
  values: Readonly<Record<string, string>> = {},
): string {
  const words = language === "zh-Hans" ? (CHINESE[text] ?? text) : text;
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
