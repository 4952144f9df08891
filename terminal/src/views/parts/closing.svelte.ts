/** A verdict that lets somebody in goes by itself; a tap, a sheet or the next scan comes first. */

import type { Verdict } from "../../core/types";

/**
 * Close a verdict when its time is over. For the body of a component.
 *
 * @param verdict - What is shown now.
 * @param busy - Whether somebody is at it: then it stays until they are done, and for its time again.
 * @param close - Takes it away.
 */
export function closesByItself(
  verdict: () => Verdict | null,
  busy: () => boolean,
  close: () => void,
): void {
  $effect(() => {
    const shown = verdict();
    if (shown === null || shown.closesMs === 0 || busy()) return;
    const timer = setTimeout(close, shown.closesMs);
    return () => clearTimeout(timer);
  });
}
