// The last scans of this page, and taking one back.

import { find, limits, make, named, reasons, symbol, words } from "./page.js";
import { at } from "./times.js";
import { stateOf } from "./verdict.js";

const KEPT = 8;
const SHAPES = { admit: "tick", again: "again", exit: "out", warn: "triangle", refuse: "cross" };
const list = find("recent");
const none = find("none");
const scans = [];

/** Notes a scan before it is answered; returns it, to be answered later. */
export function note(code) {
  const scan = { code, atMs: Date.now(), answer: null, undone: false };
  scans.unshift(scan);
  scans.length = Math.min(scans.length, KEPT);
  return scan;
}

/** Draws the list anew. `onUndo(scan)` is called for one to be taken back. */
export function drawRecent(onUndo) {
  none.hidden = scans.length > 0;
  list.replaceChildren(...scans.map((scan) => row(scan, onUndo)));
}

export const canUndo = (scan) =>
  scan.answer?.decision === "admit" &&
  scan.answer.direction === "entry" &&
  !scan.undone &&
  Date.now() - scan.atMs < limits.annul_ms;

function row(scan, onUndo) {
  const item = make("li", "scan");
  const { answer } = scan;
  item.dataset.undone = String(scan.undone);
  item.append(symbol(answer ? SHAPES[stateOf(answer)] : "broken"));
  const text = make("div");
  const what = answer ? reasons[answer.reason].word : (scan.trouble ?? words.waiting);
  text.append(make("b", "", answer?.ticket?.holder || `…${scan.code.slice(-4)}`));
  const told = [scan.undone ? words.undone : what, named(answer?.ticket ?? {}, "product")];
  text.append(make("span", "num", [at(scan.atMs), ...told].filter(Boolean).join(" · ")));
  item.append(text);
  if (canUndo(scan)) {
    const undo = make("button", "btn", words.undo);
    undo.type = "button";
    undo.addEventListener("click", () => onUndo(scan));
    item.append(undo);
  }
  return item;
}
