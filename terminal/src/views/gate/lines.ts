/** What a verdict says on the screen, line by line, and what may be done about it. No framework. */

import type { Recent, Verdict } from "../../core/types";
import type { Speech } from "../parts/speech.svelte";

/** The texts of one verdict, ready to be painted; what does not apply is "". */
export interface Lines {
  readonly word: string;
  /** Width of the longest unbroken run of the word, in Latin letters, for fitting its size. */
  readonly span: number;
  readonly who: string;
  readonly what: string;
  /** "2 of 5 in", for a ticket of several people. */
  readonly group: string;
  readonly says: string;
  /** When the ticket was used first: how long ago, and the time, gate and person. */
  readonly ago: string;
  readonly first: string;
  readonly advice: string;
  readonly marks: readonly string[];
}

/** Words a guest should not read about themselves: shown as a plain request to ask the staff. */
const NOT_FOR_GUESTS: ReadonlySet<string> = new Set([
  "forged",
  "copied",
  "blocked",
  "identity_mismatch",
  "needs_supervisor",
  "recorded_not_opened",
  "malformed",
]);

/** What a person may do about a verdict, in the order of its buttons; the last is the main one. */
export type Deed =
  | "undo"
  | "story"
  | "override"
  | "rest"
  | "not_holder"
  | "holder"
  | "next";

/** A Chinese character is about as wide as two Latin letters. */
const WIDE = /[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]/u;
const WIDE_LETTERS = 1.75;
/** Letters differ too: "Unknown" is wider than "Refused", with as many of them. */
const BROAD = /[mwMW@—…]/;
const TALL = /[A-Z0-9]/;
const THIN = /[fijlrt.,:;!'’-]/;

function widthOf(sign: string): number {
  if (WIDE.test(sign)) return WIDE_LETTERS;
  if (BROAD.test(sign)) return 1.45;
  if (TALL.test(sign)) return 1.15;
  return THIN.test(sign) ? 0.7 : 1;
}

/** How wide the longest run without a possible break is, counted in Latin letters. */
export function spanOf(text: string): number {
  const widths = text
    .split(/\s+/u)
    .map((run) => [...run].reduce((sum, sign) => sum + widthOf(sign), 0));
  return Math.max(1, ...widths);
}

/** How many people of a group's ticket are in, by how many may still come; null if unlimited. */
export function groupEntered(verdict: Verdict): { in: number; of: number; left: number } | null {
  const ticket = verdict.ticket;
  if (ticket === null || ticket.people < 2 || ticket.uses_left === null) return null;
  // A ticket for several days has more uses left than people: then there is no "so many are in".
  if (ticket.uses_left > ticket.people) return null;
  return { in: ticket.people - ticket.uses_left, of: ticket.people, left: ticket.uses_left };
}

/** Whether the gate would open for it. */
export function passes(verdict: Verdict): boolean {
  return verdict.face === "admit" || verdict.face === "again" || verdict.face === "exit";
}

/** The lines of a verdict for the steward. */
export function linesOf(verdict: Verdict, w: Speech, nowMs: number): Lines {
  const word = verdict.preview && passes(verdict) ? w.t("Would pass") : w.say(verdict.word);
  const first = verdict.first;
  const firstMs = first === null ? 0 : Date.parse(first.at);
  const group = groupEntered(verdict);
  return {
    word,
    span: spanOf(word),
    who: verdict.ticket?.holder ?? "",
    what: whatOf(verdict, w, group !== null),
    group:
      group === null ? "" : w.t("{in} of {of} in", { in: w.number(group.in), of: w.number(group.of) }),
    says: w.say(verdict.sentence),
    ago: first === null ? "" : w.ago(firstMs, nowMs),
    first:
      first === null
        ? ""
        : [
            w.at(firstMs, nowMs),
            w.either(first.gate, first.gate_zh),
            first.by === "" ? "" : w.t("by {name}", { name: first.by }),
          ]
            .filter(Boolean)
            .join(" · "),
    advice: w.say(verdict.advice),
    marks: verdict.byOverride ? [w.t("admitted by a supervisor")] : [],
  };
}

function whatOf(verdict: Verdict, w: Speech, grouped: boolean): string {
  const ticket = verdict.ticket;
  if (ticket === null) return "";
  const told = [w.either(ticket.product, ticket.product_zh)];
  const goes = passes(verdict);
  if (goes && verdict.people > 1) {
    told.push(w.t("{people} people", { people: w.number(verdict.people) }));
  } else if (ticket.people > 1) {
    told.push(w.t("group of {people}", { people: w.number(ticket.people) }));
  }
  if (!grouped && ticket.uses_left !== null && goes && verdict.direction === "entry") {
    told.push(
      ticket.uses_left === 0
        ? w.t("last use")
        : w.t("{left} left", { left: w.number(ticket.uses_left) }),
    );
  }
  return told.filter(Boolean).join(" · ");
}

/**
 * The buttons of a verdict. `recent` tells whether it may still be taken back; until its line is
 * there nothing speaks against it, so that no button comes under a thumb that is on its way.
 */
export function deedsOf(verdict: Verdict, recent: readonly Recent[]): Deed[] {
  const deeds: Deed[] = [];
  const line = recent.find((one) => one.id === verdict.id);
  const entered = verdict.face === "admit" || verdict.face === "again";
  if ((line?.mayUndo ?? entered) && passes(verdict) && !verdict.preview) deeds.push("undo");
  if (verdict.face === "warn" || verdict.face === "refuse") {
    if (verdict.ticket !== null) deeds.push("story");
    if (verdict.mayOverride && !verdict.preview) deeds.push("override");
  }
  if (verdict.asksIdentity && !verdict.preview) return [...deeds.slice(0, 1), "not_holder", "holder"];
  const left = groupEntered(verdict)?.left ?? 0;
  if (entered && verdict.direction === "entry" && !verdict.preview && left > 0) deeds.push("rest");
  return [...deeds, "next"];
}

/** The lines of a verdict that guests read by themselves: no names of others, no steward's advice. */
export function guestLinesOf(verdict: Verdict, w: Speech, nowMs: number): Lines {
  const lines = linesOf(verdict, w, nowMs);
  if (passes(verdict)) return { ...lines, advice: "", marks: [] };
  if (verdict.face === "wait") {
    const moment = w.t("One moment, please");
    return { ...lines, word: moment, span: spanOf(moment), says: "", advice: "", marks: [] };
  }
  const kept = !NOT_FOR_GUESTS.has(verdict.reason);
  const word = kept ? lines.word : w.t("One moment");
  return {
    ...lines,
    word,
    span: spanOf(word),
    says: kept ? lines.says : w.t("This needs a second look."),
    ago: "",
    first: "",
    advice: w.t("Please ask our staff."),
    marks: [],
  };
}

/** Whether something is still asked: a scan that was not taken waits for nobody. */
export function awaits(verdict: Verdict): boolean {
  return verdict.face === "wait" && (verdict.sentence === null || verdict.advice !== null);
}

/** What a screen reader says of it, at once and in one breath. */
export function spoken(lines: Lines, preview: string): string {
  return [preview, lines.word, lines.who, lines.what, lines.group, lines.ago, lines.first, lines.advice]
    .filter(Boolean)
    .join(". ");
}
