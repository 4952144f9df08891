/** Which of the codes in one frame is meant: the one in the middle, or nobody can say. */

/** A code as the decoder found it; the place in pixels of the frame. */
export interface Sighting {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

/** The square that is looked at: in pixels of the frame. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** How much of the shorter side of the picture is aimed with. */
export const AIM_SHARE = 0.75;
/** Decoding costs by the pixel; this many to a side read every code of ours at arm's length. */
export const SIDE_MAX = 640;
// The nearest must be nearer than the next by so much of the side.
const CLEARLY = 0.12;

/** The aiming square of a picture. */
export function squareOf(width: number, height: number): Square {
  const side = Math.floor(Math.min(width, height) * AIM_SHARE);
  return { x: Math.floor((width - side) / 2), y: Math.floor((height - side) / 2), side };
}

/** The code that is meant, or "several" when two are about as near to the centre. */
export function aimedAt(found: readonly Sighting[], side: number): Sighting | "several" | null {
  const distance = ({ x, y }: Sighting) => Math.hypot(x - side / 2, y - side / 2);
  const texts = new Map<string, Sighting>();
  for (const one of found) {
    const same = texts.get(one.text);
    if (same === undefined || distance(one) < distance(same)) texts.set(one.text, one);
  }
  const [nearest, next] = [...texts.values()].sort((a, b) => distance(a) - distance(b));
  if (nearest === undefined) return null;
  if (next !== undefined && distance(next) - distance(nearest) < CLEARLY * side) return "several";
  return nearest;
}
