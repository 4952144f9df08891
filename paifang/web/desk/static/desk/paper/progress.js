// Looks how far the print is, until it has ended; without this the link “See how far it is” does.
const PAUSE_MS = 1500;

async function look() {
  const shown = document.getElementById("print");
  if (!shown?.querySelector("progress")) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.ok && !shown.contains(document.activeElement)) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("print");
    if (fresh) shown.replaceChildren(...fresh.childNodes);
  }
  setTimeout(look, PAUSE_MS);
}

setTimeout(look, PAUSE_MS);
