/** From the host's answer, or the lack of one, to what stands on the screen. */

import { Fault } from "./calls";
import { faceOf, reasonOf } from "./reasons";
import type { AdmissionAnswer, Direction, Recent, Verdict, Via } from "./types";
import { say } from "./words";

/** An admission closes by itself; the next scan replaces it at once. */
export const CLOSES_MS = 1_800;

/** What was wished for, as far as the screen shows it. */
export interface Shown {
  readonly id: string;
  readonly direction: Direction;
  readonly people: number;
  readonly preview: boolean;
  /** The text that was shown or typed. */
  readonly text: string;
  readonly via: Via;
}

/** An answer of the host. */
export function answered(shown: Shown, answer: AdmissionAnswer, nowMs: number): Verdict {
  const face = faceOf(answer);
  const words = reasonOf(answer.reason);
  const left = face === "exit";
  const admitted = answer.decision === "admit";
  return {
    ...blank(shown, nowMs),
    face,
    reason: answer.reason,
    word: left ? say("Goodbye") : words.word,
    sentence: left ? say("Counted out.") : words.sentence,
    advice: words.advice,
    direction: answer.direction,
    people: answer.people,
    ticket: answer.ticket ?? null,
    first: answer.first ?? null,
    byOverride: answer.basis === "override",
    mayOverride: !admitted && words.overridable && !shown.preview,
    asksIdentity: answer.reason === "identity_required" && !shown.preview,
    closesMs: admitted && !shown.preview ? CLOSES_MS : 0,
  };
}

/** A reason the terminal finds by itself, before it asks. */
export function refusedHere(shown: Shown, reason: string, nowMs: number): Verdict {
  return { ...blank(shown, nowMs), face: "refuse", reason, ...wordsOf(reason) };
}

function wordsOf(reason: string): Pick<Verdict, "word" | "sentence" | "advice"> {
  const { word, sentence, advice } = reasonOf(reason);
  return { word, sentence, advice };
}

/** The answer is awaited; `fault` is why it is late. */
export function waiting(shown: Shown, fault: Fault | null, nowMs: number): Verdict {
  const verdict = blank(shown, nowMs);
  if (fault === null) return { ...verdict, word: say("Asking") };
  const advice = say("Nobody passes until the answer is here. Trying again by itself.");
  return fault.kind === "unreachable"
    ? { ...verdict, word: say("No connection"), sentence: fault.said, advice }
    : { ...verdict, word: say("Host not ready"), sentence: fault.said, advice };
}

/** The line is down and something already waits: this scan was not taken. */
export function notTaken(shown: Shown, nowMs: number): Verdict {
  return {
    ...blank(shown, nowMs),
    word: say("No connection"),
    sentence: say("This scan was not taken. Scan again when the host answers."),
  };
}

/** A final no that is not about the ticket. */
export function impossible(shown: Shown, fault: Fault, nowMs: number): Verdict {
  return {
    ...blank(shown, nowMs),
    face: "refuse",
    word: say("Not possible"),
    sentence: fault.said,
  };
}

/** The line of the list of recent scans. */
export function recentOf(shown: Shown, verdict: Verdict): Recent {
  const { face, reason, word, direction, people, ticket } = verdict;
  return {
    id: shown.id,
    atMs: verdict.shownMs,
    face,
    reason,
    word,
    direction,
    people,
    holder: ticket?.holder ?? "",
    product: ticket?.product ?? "",
    product_zh: ticket?.product_zh ?? "",
    tail: ticket === null ? tailOf(shown.text) : "",
    via: shown.via,
    undone: false,
    mayUndo: face === "admit" || face === "again",
  };
}

function blank(shown: Shown, nowMs: number): Verdict {
  return {
    id: shown.id,
    face: "wait",
    reason: "",
    word: say("Asking"),
    sentence: null,
    advice: null,
    direction: shown.direction,
    people: shown.people,
    ticket: null,
    first: null,
    preview: shown.preview,
    byOverride: false,
    mayOverride: false,
    asksIdentity: false,
    closesMs: 0,
    shownMs: nowMs,
  };
}

/** The last four characters, of what is long enough that they tell nothing. */
function tailOf(text: string): string {
  const letters = [...text.trim()];
  return letters.length < 8 ? "" : letters.slice(-4).join("").replace(/\p{C}/gu, "·");
}
