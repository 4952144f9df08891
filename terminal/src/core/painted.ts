/** The order of things at a gate: first the verdict is on the screen, then everything else. */

/** Longer than any frame takes; a page nobody sees has no frames at all. */
const NO_FRAME_MS = 100;

/** Wait until what was changed just now has been painted. */
export function painted(): Promise<void> {
  const { requestAnimationFrame: frame } = globalThis;
  return new Promise((resolve) => {
    // No browser (a test), or a page in the background: nothing is painted that could be waited for.
    if (typeof frame !== "function" || document.hidden) return resolve();
    const late = setTimeout(resolve, NO_FRAME_MS);
    frame(() => {
      // A frame's callbacks come before its painting, a task of its own after it.
      clearTimeout(late);
      setTimeout(resolve);
    });
  });
}
