// What is chosen is shown at once; without this the button “Show” does the same.
const form = document.querySelector("form.printing");
let asked = 0;

async function show(changed) {
  const told = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (name !== "csrfmiddlewaretoken" && name !== "do") told.append(name, value);
  }
  if (changed.name === "event") ["product", "session"].forEach((name) => told.delete(name));
  const address = `${form.getAttribute("action")}?${told}`;
  const mine = ++asked;
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  // Without an answer the choice stands as it is, and “Show” still asks for the page.
  if (!answer?.ok || mine !== asked) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== asked) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh && !part.contains(changed)) part.replaceChildren(...fresh.childNodes);
  }
  history.replaceState(null, "", address);
}

form.addEventListener("change", (event) => {
  if (event.target.name !== "substitute") show(event.target);
});
form.querySelector("[data-show]").hidden = true;
