// Waits until the device has used the code: counts down, asks the server, and shows what became.
const ASK_MS = 2_000;
const article = document.querySelector("[data-pairing]");
const clock = article.querySelector("[data-clock]");
const endsAt = performance.now() + Number(article.dataset.left) * 1_000;
let shown = "waiting";

function show(state) {
  if (state === shown) return;
  shown = state;
  for (const part of article.querySelectorAll("[data-when]")) {
    part.hidden = part.dataset.when !== (state === "replaced" ? "late" : state);
  }
  article.querySelector("[data-again]").hidden = state === "paired";
  article.querySelector("[data-when]:not([hidden]) h2")?.focus();
}

function count() {
  const left = Math.max(0, Math.round((endsAt - performance.now()) / 1_000));
  const seconds = String(left % 60).padStart(2, "0");
  clock.textContent = `${Math.floor(left / 60)}:${seconds}`;
}

async function ask() {
  const address = `${article.dataset.stateAt}?pairing=${article.dataset.pairing}`;
  try {
    const answer = await fetch(address, { cache: "no-store" });
    // Signed out meanwhile, the server answers with a page; the next reload says so.
    if (answer.ok && !answer.redirected) show((await answer.json()).state);
  } catch {
    // The line is down: the code goes on being good, and the next try tells.
  }
}

if (clock) {
  count();
  const counting = setInterval(count, 500);
  const asking = setInterval(async () => {
    if (!document.hidden) await ask();
    if (shown !== "waiting") {
      clearInterval(counting);
      clearInterval(asking);
    }
  }, ASK_MS);
}
