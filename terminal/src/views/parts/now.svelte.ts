/** The clock of a screen: one tick a second for everything that shows an age. */

class Now {
  ms = $state(Date.now());
}

/** The present by this device's clock; reading `ms` follows it. */
export const now = new Now();

let users = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Let the clock tick while the calling component is there. For use in `$effect`. */
export function ticking(): () => void {
  users += 1;
  // Whoever joins a clock that ticks does not make everybody else look at it once more.
  if (users === 1) now.ms = Date.now();
  timer ??= setInterval(() => (now.ms = Date.now()), 1000);
  return () => {
    users -= 1;
    if (users > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
