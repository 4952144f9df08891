// While work goes on, the page takes its newest form from the server, until there is a result.
const EVERY_MS = 1_000;

async function renew() {
  const now = document.querySelector("[data-live]");
  if (!now || !("working" in now.dataset)) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.redirected) location.reload();
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("[data-live]");
      const before = document.activeElement?.closest("[data-live] form")?.action;
      if (next) {
        now.replaceWith(document.adoptNode(next));
        const same = [...next.querySelectorAll("form")].find((form) => form.action === before);
        same?.querySelector("button")?.focus();
      }
    }
  } catch {
    // The line is down; the work goes on without this page.
  }
  setTimeout(renew, EVERY_MS);
}

setTimeout(renew, EVERY_MS);
