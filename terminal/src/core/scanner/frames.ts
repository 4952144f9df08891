/** What goes between the page and the worker that decodes. */

import type { Sighting } from "./aim";

/** One frame, cropped to the aiming square. */
export interface Frame {
  readonly bitmap: ImageBitmap;
  /** Look longer: every fifth frame. */
  readonly hard: boolean;
}

/** What was found in one frame, and how long it took. */
export interface Found {
  readonly sightings: readonly Sighting[];
  readonly tookMs: number;
  /** Why this frame could not be looked at, "" if it could. */
  readonly fault: string;
}
