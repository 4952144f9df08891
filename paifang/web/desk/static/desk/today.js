// Keeps today's figures true while they are looked at; without it a reload does the same.
const EVERY_MS = 5_000;
const LATE_MS = 20_000;

const live = document.querySelector("[data-live]");
const late = document.querySelector(".late");
let heardAt = Date.now();

async function renew() {
  if (document.hidden) return;
  try {
    const answer = await fetch(live.dataset.live, { cache: "no-store" });
    // Signed out meanwhile: the page of the sign-in tells so.
    if (answer.redirected) location.reload();
    if (!answer.ok) return;
    show(await answer.text());
    heardAt = Date.now();
  } catch {
    // The line is down; the page says below how old the figures are.
  }
}

function show(markup) {
  const open = [...live.querySelectorAll("details[open]")].map((one) => one.dataset.keep);
  const focused = live.contains(document.activeElement) ? document.activeElement.href : "";
  // A table being read sideways, or a selection, is left alone.
  if (!getSelection().isCollapsed && live.contains(getSelection().anchorNode)) return;
  const scrolled = live.querySelector(".sideways")?.scrollLeft ?? 0;
  const next = new DOMParser().parseFromString(markup, "text/html").body;
  live.replaceChildren(...next.childNodes);
  for (const one of live.querySelectorAll("details")) one.open = open.includes(one.dataset.keep);
  const table = live.querySelector(".sideways");
  if (table) table.scrollLeft = scrolled;
  if (focused) [...live.querySelectorAll("a")].find((link) => link.href === focused)?.focus();
}

function tell() {
  const age = Date.now() - heardAt;
  late.hidden = document.hidden || age < LATE_MS;
  if (!late.hidden) late.textContent = live.dataset.late.replace("{n}", Math.round(age / 1000));
}

if (live) {
  setInterval(renew, EVERY_MS);
  setInterval(tell, 1_000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) renew();
  });
}

const chooser = document.querySelector("[data-choose]");
chooser?.querySelector("select").addEventListener("change", () => chooser.submit());
if (chooser) chooser.querySelector("button").hidden = true;
