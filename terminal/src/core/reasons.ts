/** The words of the reason codes and what a gate makes of them; their one home is on the host. */

import strings from "../strings.json";
import type { AdmissionAnswer, Decision, Face } from "./types";
import type { Said } from "./words";

interface Entry {
  readonly word: string;
  readonly sentence: string;
  readonly advice: string;
  readonly verdict: string;
  readonly overridable: boolean;
}

/** The words of one reason; a code that is newer than this page is shown as it is. */
export interface ReasonWords {
  readonly word: Said;
  readonly sentence: Said | null;
  readonly advice: Said | null;
  readonly overridable: boolean;
}

const REASONS: Readonly<Record<string, Entry | undefined>> = strings.reasons;
// Refused, but perhaps rightly here: shown like what asks a person to look.
const AMBER = new Set(["already_used", "already_inside", "limit_reached"]);

export function reasonOf(code: string): ReasonWords {
  const entry = REASONS[code];
  if (entry === undefined) {
    return { word: said(code), sentence: null, advice: null, overridable: false };
  }
  return {
    word: said(entry.word),
    sentence: entry.sentence === "" ? null : said(entry.sentence),
    advice: entry.advice === "" ? null : said(entry.advice),
    overridable: entry.overridable,
  };
}

/** Which face of looks.md a decision has. */
export function faceOf(answer: Pick<AdmissionAnswer, "decision" | "reason" | "direction">): Face {
  if (answer.decision === "admit") {
    if (answer.direction === "exit") return "exit";
    return answer.reason === "re_entry" ? "again" : "admit";
  }
  return answer.decision === "attention" || AMBER.has(answer.reason) ? "warn" : "refuse";
}

/** What a gate makes of a reason without an answer of the host. */
export function decisionOf(code: string): Decision {
  const verdict = REASONS[code]?.verdict;
  return verdict === "admit" || verdict === "attention" ? verdict : "refuse";
}

// Not marked for translation here: the catalogue has these from their home.
const said = (text: string): Said => ({ text, values: {} });
