/** Words in the reader's language: the English text is the key, the catalogue holds the Chinese. */

import catalogues from "../strings.json";

export type Language = "en" | "zh-Hans";

export type Values = Readonly<Record<string, string>>;

/** A text that is not yet in anybody's language: what the core hands to the views. */
export interface Said {
  readonly text: string;
  readonly values: Values;
  /** Already in the reader's language, because the host translated it. */
  readonly translated?: true;
}

const CHINESE: Readonly<Record<string, string>> = catalogues["zh-Hans"];

/** The language to begin with: Chinese for any kind of Chinese, English otherwise. */
export function preferred(languages: readonly string[]): Language {
  return languages[0]?.toLowerCase().startsWith("zh") ? "zh-Hans" : "en";
}

/** Mark a text for translation; it is translated when it is shown, by `tell`. */
export function say(text: string, values: Values = {}): Said {
  return { text, values };
}

/** A text the host has already put into the reader's language. */
export function quoted(text: string): Said {
  return { text, values: {}, translated: true };
}

/** What was said, in one language; of nothing, nothing. */
export function tell(language: Language, said: Said | null): string {
  if (said === null) return "";
  return said.translated ? said.text : translate(language, said.text, said.values);
}

/** One text in one language; `{name}` in it is replaced by the value of that name. */
export function translate(language: Language, text: string, values: Values = {}): string {
  const words = language === "zh-Hans" ? (CHINESE[text] ?? text) : text;
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The name in the reader's language, of things that have one in each. */
export function nameOf(language: Language, name: string, nameZh: string): string {
  return language === "zh-Hans" && nameZh !== "" ? nameZh : name;
}
