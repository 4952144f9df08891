/** Words, numbers and times in the reader's language, handed down to every component. */

import { getContext, setContext } from "svelte";
import { tell, translate, type Language, type Said, type Values } from "../../core/words";
import { numberFormat } from "./formats";
import { ageOf, agoOf, clockOf } from "./times";

/** Something with a name in two languages, as the host tells it. */
export interface Named {
  readonly name: string;
  readonly name_zh?: string;
}

/** How a screen speaks. `language` may change at any time; every use follows. */
export class Speech {
  readonly #language: () => Language;

  constructor(language: () => Language) {
    this.#language = language;
  }

  get language(): Language {
    return this.#language();
  }

  /** One text of the catalogue. */
  t(text: string, values: Values = {}): string {
    return translate(this.language, text, values);
  }

  /** A text that was decided on elsewhere, with its values; "" for none. */
  say(said: Said | null): string {
    return tell(this.language, said);
  }

  /** A count, grouped as the language groups it. */
  number(value: number): string {
    return numberFormat(this.language).format(value);
  }

  /** The name in the reader's language, else the one there is. Names are never split. */
  named(thing: Named): string {
    return (this.language === "zh-Hans" && thing.name_zh) || thing.name;
  }

  /** The same for a product, a gate or a zone that stands inside something else. */
  either(latin: string, chinese: string): string {
    return this.named({ name: latin, name_zh: chinese });
  }

  /** The time of day, with the date if it was another day. */
  at(ms: number, nowMs: number): string {
    return clockOf(this.language, ms, nowMs);
  }

  /** "21 min. ago". */
  ago(ms: number, nowMs: number): string {
    return agoOf(this.language, ms, nowMs);
  }

  /** How old something is: "12s", "3 min". */
  age(ms: number): string {
    return ageOf(this.language, ms);
  }
}

const KEY = Symbol("speech");

/** Set how everything below the calling component speaks. */
export function setSpeech(language: () => Language): Speech {
  return setContext(KEY, new Speech(language));
}

/** How the calling component speaks. */
export function speech(): Speech {
  return getContext<Speech>(KEY);
}
