// People inside, per zone, and whether what is shown is fresh.

import { find, make, named, number, page, say, words } from "./page.js";
import { age } from "./times.js";

// Twice the stream's heartbeat: a connection that says nothing for longer is none.
const LOST_MS = 32_000;
const zones = find("zones");
const inside = find("inside");
const link = find("link");
const linkWord = find("link-word");
const linkAge = find("link-age");
let aliveMs = 0;
let state = "connecting";
let zoneHere = "";
let shown = [];

export const alive = () => {
  aliveMs = Date.now();
  state = "connected";
  drawLink();
};

export const lost = () => {
  state = "lost";
  drawLink();
};

export function setZone(zone) {
  zoneHere = zone;
  drawZones(shown);
}

/** Draws the counts of an occupancy answer or event. */
export function drawZones(told) {
  shown = told;
  const here = told.find((row) => row.zone === zoneHere);
  inside.hidden = !here;
  if (here) {
    inside.firstElementChild.textContent = number(here.inside);
    inside.lastElementChild.textContent = here.cap
      ? say(words.of_cap, { cap: number(here.cap) })
      : words.inside;
    inside.title = words.inside;
  }
  const order = [...told].sort((a, b) => (b.zone === zoneHere) - (a.zone === zoneHere));
  zones.replaceChildren(...order.map(zoneRow));
}

function zoneRow(row) {
  const item = make("li", "zone");
  item.dataset.here = String(row.zone === zoneHere);
  item.dataset.alarm = String(row.alarm);
  item.append(make("span", "zone-name", named(row)));
  const count = make("span", "count num", number(row.inside));
  if (row.cap) count.append(make("small", "", ` / ${number(row.cap)}`));
  item.append(count);
  if (row.cap) {
    const cap = make("div", "cap");
    const fill = make("i");
    fill.style.width = `${Math.min(100, (row.inside * 100) / row.cap)}%`;
    cap.append(fill);
    item.append(cap);
  }
  const flow = { entries: number(row.entries), exits: number(row.exits) };
  item.append(make("span", "flow num", say(words.entries_exits, flow)));
  if (row.alarm) {
    const full = row.inside >= row.cap;
    item.append(make("span", "alarm", full ? words.full : words.nearly_full));
  }
  return item;
}

function drawLink() {
  const silentMs = Date.now() - aliveMs;
  if (state === "connected" && silentMs > LOST_MS) state = "lost";
  link.dataset.state = state;
  linkWord.textContent =
    { connected: words.connected, lost: words.no_connection }[state] ?? words.connecting;
  if (!aliveMs) linkAge.textContent = "";
  else if (state === "connected") linkAge.textContent = words.data_now;
  else linkAge.textContent = say(words.data_age, { age: age(silentMs) });
}

setInterval(drawLink, 1000);

/** The gate that is stood at, chosen among those of the terminal. */
export function startGates(onChange) {
  const name = find("gate-name");
  const select = find("gates");
  const ways = [...document.querySelectorAll("input[name=direction]")];
  let gate = page.gates[0];
  const apply = () => {
    name.textContent = named(gate);
    for (const way of ways) way.disabled = !gate.directions.includes(way.value);
    if (ways.find((way) => way.checked).disabled) ways.find((way) => !way.disabled).checked = true;
    setZone(gate.zone);
  };
  if (page.gates.length > 1) {
    select.append(...page.gates.map((one) => new Option(named(one), one.slug)));
    select.hidden = false;
    name.classList.add("unseen");
  }
  select.addEventListener("change", () => {
    gate = page.gates.find((one) => one.slug === select.value);
    apply();
    onChange();
  });
  for (const way of ways) way.addEventListener("change", onChange);
  apply();
  return () => ({ gate: gate.slug, direction: ways.find((way) => way.checked).value });
}
