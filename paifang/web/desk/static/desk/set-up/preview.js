// The preview of a product follows what is typed; without this module a button shows it.

const WAIT_MS = 350;

const form = document.querySelector("form[data-preview]");
const seen = document.querySelector("[data-seen]");
let timer = 0;
let asking = null;

async function show() {
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  seen.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.dataset.preview, {
      method: "POST",
      body: new FormData(form),
      signal: mine.signal,
    });
    const text = answer.ok ? await answer.text() : "";
    if (asking === mine && text) {
      seen.innerHTML = text;
    }
  } catch {
    // Aborted by a newer one, or no connection: what stands stays.
  } finally {
    if (asking === mine) {
      seen.removeAttribute("aria-busy");
    }
  }
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(show, WAIT_MS);
}

if (form && seen) {
  form.addEventListener("input", later);
  form.addEventListener("change", later);
}
