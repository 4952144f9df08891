// The page of a gate: a code comes in, one wish goes out, one verdict is shown.

import { Problem, ask, call } from "./api.js";
import { alive, drawZones, lost, startGates } from "./counts.js";
import { openOverride, openUndo } from "./dialogs.js";
import { people, refocus, setPeople, startField } from "./field.js";
import { addresses, find, mintId, named, page, reasons, words } from "./page.js";
import { canUndo, drawRecent, note } from "./recent.js";
import { startSound } from "./sound.js";
import { follow } from "./stream.js";
import { hideVerdict, showAnswer, showProblem, showWaiting } from "./verdict.js";

const WAITING_SHOWN_MS = 400;
const IDENTITY = "identity_required";
// Wishes without an answer, by what they ask: the same ticket shown again is the same wish.
const unanswered = new Map();
let newest = null;

const next = { text: words.next, main: true, act: hideVerdict };
const here = startGates(() => {
  hideVerdict();
  refocus();
});

startSound();
startField((code) => admit({ code, ...here(), count: people() }));
drawRecent(undo);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) hideVerdict();
});
measureStrip();
addEventListener("resize", measureStrip);
keepAwake();
follow({
  event: (name, body) => {
    if (name === "occupancy") drawZones(body.zones);
  },
  alive,
  lost: (problem) => (problem?.status === 401 || problem?.status === 404 ? shutOut(problem) : lost()),
});

/** Asks for one admission until it is answered, and shows the newest one's verdict. */
async function admit(wish) {
  const key = JSON.stringify(wish);
  const pending = unanswered.get(key);
  if (pending) {
    newest = pending;
    showWaiting(pending.trouble, [next]);
    return;
  }
  const intent = { body: { ...wish, request_id: mintId() }, scan: note(wish.code), trouble: false };
  unanswered.set(key, intent);
  newest = intent;
  drawRecent(undo);
  const timer = setTimeout(() => newest === intent && showWaiting(intent.trouble, [next]), WAITING_SHOWN_MS);
  try {
    const answer = await ask("/admissions", intent.body, () => {
      intent.trouble = true;
      lost();
      if (newest === intent) showWaiting(true, [next]);
    });
    alive();
    intent.scan.answer = answer;
    if (newest === intent) showDecided(wish, intent.scan);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    intent.scan.trouble = error.title || words.problem;
    if (error.status === 401 || error.code === "signed_out") shutOut(error);
    else if (newest === intent) showProblem(error.title || words.problem, error.detail, [next]);
  } finally {
    clearTimeout(timer);
    unanswered.delete(key);
    drawRecent(undo);
  }
}

/** Shows a decision with what may be done about it. */
function showDecided(wish, scan) {
  const { answer } = scan;
  if (answer.decision === "admit") setPeople(1);
  const wishes = [next];
  if (canUndo(scan)) wishes.unshift({ text: words.undo, act: () => undo(scan) });
  const overridable = answer.decision !== "admit" && reasons[answer.reason].overridable;
  if (answer.reason === IDENTITY) {
    const act = () => admit({ ...wish, face_check: "staff" });
    wishes.unshift({ text: words.identity_checked, act });
  } else if (overridable && wish.direction === "entry" && page.supervisors.length) {
    wishes.unshift({ text: words.supervisor, act: () => override(wish, answer) });
  }
  showAnswer(answer, wishes);
}

function override(wish, refused) {
  const subject = [reasons[refused.reason].word, refused.ticket?.holder].filter(Boolean).join(" · ");
  openOverride(wish, subject, (answer) => {
    const scan = note(wish.code);
    scan.answer = answer;
    newest = { scan };
    showDecided(wish, scan);
    drawRecent(undo);
  });
}

function undo(scan) {
  const { ticket } = scan.answer;
  const subject = [ticket?.holder, named(ticket ?? {}, "product")].filter(Boolean).join(" · ");
  openUndo(scan, subject, () => {
    scan.undone = true;
    drawRecent(undo);
    hideVerdict();
  });
}

/** The session has ended or the terminal was withdrawn: nothing more can be done on this page. */
function shutOut(problem) {
  lost();
  const gone = problem.code === "signed_out";
  const start = { text: words.next, main: true, act: () => location.assign(addresses.start) };
  showProblem(gone ? words.signed_out : words.revoked, gone ? words.signed_out_hint : words.revoked_hint, [start]);
}

/** On a phone the verdict begins right below the strip, however high that is. */
function measureStrip() {
  const strip = document.querySelector(".strip");
  document.documentElement.style.setProperty("--strip-height", `${strip.offsetHeight}px`);
}

/** A gate's screen must not go dark while somebody stands there. */
async function keepAwake() {
  const hold = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      await navigator.wakeLock?.request("screen");
    } catch {
      // The device says no, to save its battery; the gate works all the same.
    }
  };
  document.addEventListener("visibilitychange", hold);
  await hold();
}

// The counts are there at once, also before the stream has its first event.
call("/occupancy")
  .then((response) => response.json())
  .then((body) => drawZones(body.zones), () => find("link") && lost());
