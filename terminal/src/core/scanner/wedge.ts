/**
 * Keyboard-wedge scanners: they type very fast into whatever has the focus and end with Enter or
 * Tab. The whole window is listened to, so that no field need have the focus.
 *
 * What an input method takes of the keys cannot be got back (it sends "Process" or "229" instead
 * of letters), so it is noticed and told.
 */

import type { Heard } from "../types";

/** Between two keys of one burst; 35 ms was too short on a busy machine. */
export const GAP_MS_MAX = 80;
/**
 * A busy machine stumbles: a few longer gaps do not cut a burst in two, for half a code decided on
 * would send a guest away. After a longer one a new burst begins.
 */
export const STUMBLE_MS_MAX = 500;
const STUMBLES_MAX = 2;
/** Fewer keys are somebody's fingers. */
export const KEYS_MIN = 6;
/** Longer than any code: the rest is not kept. */
const KEYS_MAX = 4_096;

/** What is looked at of a key event. */
export interface Key {
  readonly key: string;
  readonly keyCode?: number;
  readonly isComposing?: boolean;
  readonly ctrlKey?: boolean;
  readonly altKey?: boolean;
  readonly metaKey?: boolean;
}

/** Put together from keys and their times; no clock and no window of its own. */
export class Burst {
  private text = "";
  private keys = 0;
  private swallowedKeys = 0;
  private lastMs = Number.NEGATIVE_INFINITY;
  private slowestMs = 0;
  private stumbles = 0;

  /** Whether keys are arriving as fast as a scanner sends them. */
  get running(): boolean {
    return this.keys >= 3 && this.stumbles <= STUMBLES_MAX;
  }

  /** What was heard, when this key ends a burst. */
  push(key: Key, atMs: number): Heard | null {
    const gapMs = atMs - this.lastMs;
    if (gapMs > STUMBLE_MS_MAX) this.clear();
    if (key.key === "Enter" || key.key === "Tab") return this.end(key.key, atMs);
    const swallowed = key.isComposing === true || key.keyCode === 229 || key.key === "Process";
    if (!swallowed && !isText(key)) return null;
    if (this.keys > 0) {
      this.slowestMs = Math.max(this.slowestMs, gapMs);
      if (gapMs > GAP_MS_MAX) this.stumbles += 1;
    }
    this.lastMs = atMs;
    this.keys += 1;
    if (swallowed) this.swallowedKeys += 1;
    else if (this.text.length < KEYS_MAX) this.text += key.key;
    return null;
  }

  /** What an input method gave out in the end belongs to the burst too, and is told as swallowed. */
  private end(end: "Enter" | "Tab", atMs: number): Heard | null {
    const heard: Heard | null =
      this.keys >= KEYS_MIN && this.stumbles <= STUMBLES_MAX
        ? {
            text: this.text,
            keys: this.keys,
            slowestGapMs: Math.round(this.slowestMs),
            end,
            swallowed: this.swallowedKeys > 0,
            atMs,
          }
        : null;
    this.clear();
    return heard;
  }

  private clear(): void {
    this.text = "";
    this.keys = 0;
    this.swallowedKeys = 0;
    this.slowestMs = 0;
    this.stumbles = 0;
    this.lastMs = Number.NEGATIVE_INFINITY;
  }
}

// Scanners send a group separator (ASCII 29) and the like as Ctrl and a letter: no text.
function isText({ key, ctrlKey, metaKey }: Key): boolean {
  return [...key].length === 1 && !ctrlKey && !metaKey;
}

/**
 * Listen to the whole window. Keys of a burst never press a button or scroll the page. In a text
 * field they are let through, for nobody can tell a scanner from quick fingers before the end; a
 * burst that ends there is taken out of the field again.
 *
 * @returns What ends the listening.
 */
export function listen(target: Window, heard: (what: Heard) => void): () => void {
  const burst = new Burst();
  const onKey = (event: KeyboardEvent) => {
    const found = burst.push(event, event.timeStamp);
    const field = fieldOf(event.target);
    if (found !== null) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (field !== null) clean(field, found.text);
      heard({ ...found, atMs: Date.now() });
    } else if (field === null && burst.running) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  target.addEventListener("keydown", onKey, true);
  return () => target.removeEventListener("keydown", onKey, true);
}

type Field = HTMLInputElement | HTMLTextAreaElement;

function fieldOf(target: EventTarget | null): Field | null {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement
    ? target
    : null;
}

function clean(field: Field, text: string): void {
  if (!field.value.endsWith(text)) return;
  field.value = field.value.slice(0, -text.length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
