// The two questions of the page: why an entry is taken back, and who admits against a refusal.

import { find, limits, mintId, words } from "./page.js";
import { Problem, ask } from "./api.js";
import { refocus } from "./field.js";

const PROBLEMS = {
  pin_wrong: words.pin_wrong,
  not_supervisor: words.pin_wrong,
  too_many_tries: words.pin_locked,
  too_late: words.too_late,
};

/** Opens a dialog; `act(form)` returns a promise, whose failure is shown in the dialog. */
function open(dialog, subject, act) {
  const form = dialog.querySelector("form");
  const wrong = find("wrong", dialog);
  const yes = form.querySelector("button[value=yes]");
  form.reset();
  wrong.textContent = "";
  find("subject", dialog).textContent = subject;
  form.onclick = (event) => {
    const chip = event.target.closest("[data-chip]");
    if (chip) form.elements.reason.value = chip.textContent;
    if (event.target.closest("[data-close]")) dialog.close();
  };
  form.onsubmit = async (event) => {
    event.preventDefault();
    if (!form.elements.reason.value.trim()) {
      wrong.textContent = words.reason_missing;
      return;
    }
    yes.disabled = true;
    try {
      await act(form, () => {
        wrong.textContent = words.trying_again;
      });
      dialog.close();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      wrong.textContent = PROBLEMS[error.code] ?? error.detail ?? words.problem;
      if (form.elements.pin) form.elements.pin.value = "";
    } finally {
      yes.disabled = false;
    }
  };
  dialog.onclose = () => refocus();
  dialog.showModal();
  (form.elements.pin ?? form.elements.reason).focus();
}

const wishOf = (form) => form.elements.reason.value.trim().slice(0, limits.reason_chars);

/** Asks why, and takes an entry back. `onDone()` when the server has done it. */
export function openUndo(scan, subject, onDone) {
  const ids = new IntentIds();
  open(find("undo"), subject, async (form, onTrouble) => {
    const reason_text = wishOf(form);
    const body = { reason_text, request_id: ids.of(reason_text) };
    await ask(`/admissions/${encodeURIComponent(scan.answer.request_id)}/annul`, body, onTrouble);
    onDone();
  });
}

/** Asks who admits and why. `onAnswer(answer)` when it was decided. */
export function openOverride(wish, subject, onAnswer) {
  const ids = new IntentIds();
  open(find("override"), subject, async (form, onTrouble) => {
    const staff = form.elements.staff.value;
    const reason_text = wishOf(form);
    const request_id = ids.of(JSON.stringify([staff, reason_text]));
    const body = { ...wish, request_id, staff, reason_text, pin: form.elements.pin.value };
    onAnswer(await ask("/admissions/override", body, onTrouble));
  });
}

/** One id per content: a wrong PIN typed again is the same wish, another reason another one. */
class IntentIds {
  constructor() {
    this.ids = new Map();
  }

  of(content) {
    if (!this.ids.has(content)) this.ids.set(content, mintId());
    return this.ids.get(content);
  }
}
