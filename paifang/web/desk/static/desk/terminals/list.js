// Keeps the list true while it is looked at: takes its newest form from the server now and then.
const EVERY_MS = 10_000;

async function renew() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = document.querySelector("[data-live]");
    const next = page.querySelector("[data-live]");
    const focused = now.contains(document.activeElement) ? document.activeElement.href : "";
    if (!next || next.innerHTML === now.innerHTML) return;
    now.replaceWith(document.adoptNode(next));
    if (focused) [...next.querySelectorAll("a")].find((link) => link.href === focused)?.focus();
  } catch {
    // The line is down; what is shown grows old, and says how old it is.
  }
}

setInterval(renew, EVERY_MS);
