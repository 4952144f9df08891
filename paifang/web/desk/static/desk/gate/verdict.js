// The verdict: one large state, one action.

import { find, make, named, number, reasons, say, words } from "./page.js";
import { refocus } from "./field.js";
import { signal } from "./sound.js";
import { ago, at } from "./times.js";

const CLOSES_MS = 1800;
// Refused, but perhaps rightly here: shown like what asks a person to look.
const AMBER = new Set(["already_used", "already_inside", "limit_reached"]);
const SHAPES = { admit: "tick", again: "again", exit: "out", warn: "triangle", refuse: "cross", wait: "broken" };

const box = find("verdict");
const parts = Object.fromEntries(
  ["word", "who", "what", "says", "first", "advice", "mark"].map((name) => [name, find(name, box)]),
);
const acts = find("acts", box);
const bar = find("bar", box);
let closing = 0;

/** Which of the six faces an answer has. */
export function stateOf(answer) {
  if (answer.decision === "admit") {
    if (answer.direction === "exit") return "exit";
    return answer.reason === "re_entry" ? "again" : "admit";
  }
  return answer.decision === "attention" || AMBER.has(answer.reason) ? "warn" : "refuse";
}

export function hideVerdict() {
  clearTimeout(closing);
  box.hidden = true;
  refocus();
}

/** Shows an answer. `wishes` are the buttons: [{text, main, act}]. */
export function showAnswer(answer, wishes) {
  const state = stateOf(answer);
  const reason = reasons[answer.reason];
  const left = answer.direction === "exit" && answer.decision === "admit";
  show(state, {
    word: left ? words.goodbye : reason.word,
    who: answer.ticket?.holder ?? "",
    what: ticketLine(answer),
    says: left ? words.goodbye_sentence : reason.sentence,
    first: firstLine(answer.first),
    advice: reason.advice,
    mark: answer.basis === "override" ? words.by_override : "",
  }, wishes);
  signal(state);
  if (answer.decision === "admit") closeSoon();
}

/** Shows that the answer is still awaited, and why. */
export function showWaiting(lost, wishes) {
  show("wait", {
    word: lost ? words.trying_again : words.asking,
    says: lost ? words.trying_hint : "",
  }, wishes);
}

/** Shows what kept a wish from being carried out. */
export function showProblem(title, detail, wishes) {
  show("refuse", { word: title, says: detail }, wishes);
  signal("refuse");
}

function show(state, texts, wishes) {
  clearTimeout(closing);
  box.dataset.state = state;
  find("shape", box).setAttribute("href", `#${SHAPES[state]}`);
  for (const [name, part] of Object.entries(parts)) part.textContent = texts[name] ?? "";
  acts.replaceChildren(...wishes.map(button));
  bar.hidden = true;
  bar.classList.remove("runs");
  box.hidden = false;
  box.scrollTop = 0;
}

function button({ text, main, act }) {
  const element = make("button", main ? "btn main" : "btn", text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

function closeSoon() {
  bar.hidden = false;
  void bar.offsetWidth; // starts the animation anew
  bar.classList.add("runs");
  closing = setTimeout(hideVerdict, CLOSES_MS);
}

function ticketLine({ ticket, people, decision }) {
  if (!ticket) return "";
  const told = [named(ticket, "product")];
  if (ticket.people > 1) told.push(say(words.group_of, { people: number(ticket.people) }));
  if (decision === "admit" && people > 1) told.push(say(words.people, { people: number(people) }));
  if (ticket.uses_left === 0 && decision === "admit") told.push(words.last_use);
  if (ticket.uses_left > 0) told.push(say(words.uses_left, { left: number(ticket.uses_left) }));
  return told.filter(Boolean).join(" · ");
}

function firstLine(first) {
  if (!first) return "";
  const when = Date.parse(first.at);
  const where = [`${words.first_entry} ${at(when)}`, named(first, "gate")];
  if (first.by) where.push(say(words.by, { name: first.by }));
  return `${ago(when)}\n${where.filter(Boolean).join(" · ")}`;
}
