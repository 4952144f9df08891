/**
 * A value whose fields are followed one by one: a screen that shows one of them does not look again
 * because another was replaced. On a slow phone that is a good part of what a verdict takes.
 */

class Field {
  value: unknown = $state.raw();
  constructor(readonly name: string) {}
}

export interface Followed<T extends object> {
  /** Always the same object; its fields are those of the last value taken. */
  readonly shown: T;
  readonly take: (value: T) => void;
}

/** Follow a value; it has all its fields from the beginning. */
export function followed<T extends object>(first: T): Followed<T> {
  const fields = Object.keys(first).map((name) => new Field(name));
  const shown = {} as T;
  for (const field of fields) {
    Object.defineProperty(shown, field.name, { enumerable: true, get: () => field.value });
  }
  const take = (value: T) => {
    for (const field of fields) field.value = value[field.name as keyof T];
  };
  take(first);
  return { shown, take };
}
