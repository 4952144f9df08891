// A code that changes: a fresh picture for every 15 seconds, and plain words when none comes.
(() => {
  const STEP_MS = 15_000;
  const STALE_MS = 30_000;
  const AGAIN_MS = 3_000;
  const picture = document.querySelector("img[data-changes]");
  const meter = document.querySelector(".changing meter");
  const fresh = document.querySelector("[data-fresh]");
  const stale = document.querySelector("[data-stale]");
  let shownAt = Date.now();
  let askedAt = 0;
  let asking = false;

  async function renew() {
    if (asking || document.hidden || Date.now() - askedAt < AGAIN_MS) return;
    asking = true;
    askedAt = Date.now();
    const next = new Image();
    // The number only keeps a picture that was kept from being shown again.
    next.src = `${picture.dataset.changes}?at=${Date.now()}`;
    try {
      await next.decode();
      picture.src = next.src;
      shownAt = Date.now();
    } catch {
      // The line is down, or the ticket ended; the page says that it is old.
    }
    asking = false;
  }

  function tick() {
    const age = Date.now() - shownAt;
    const old = age >= STALE_MS;
    meter.value = Math.max(0, (STEP_MS - age) / 1000);
    fresh.hidden = old;
    stale.hidden = !old;
    picture.classList.toggle("stale", old);
    if (age >= STEP_MS) void renew();
  }

  setInterval(tick, 500);
  document.addEventListener("visibilitychange", tick);
})();
