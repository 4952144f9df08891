/**
 * One decision per showing of a code: a camera sees the same code a dozen times a second for as
 * long as it is held there, and an eager wedge scanner reads it twice.
 */

/** A code that was not seen for so long has been taken away, and may be shown again. */
export const AWAY_MS = 2_500;
const SEEN_MAX = 64;

export class Once {
  private readonly seen = new Map<string, number>();

  constructor(private readonly awayMs = AWAY_MS) {}

  /** Whether this sighting is the first of a showing. */
  isNew(text: string, atMs: number): boolean {
    const before = this.seen.get(text);
    this.seen.delete(text);
    this.seen.set(text, atMs);
    if (this.seen.size > SEEN_MAX) {
      const oldest = this.seen.keys().next();
      if (!oldest.done) this.seen.delete(oldest.value);
    }
    return before === undefined || atMs - before > this.awayMs;
  }
}
