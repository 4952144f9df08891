// The scan field: keyboard-wedge readers, fingers and input methods all end here.

import { find, limits, say, words } from "./page.js";

const field = find("field");
const input = document.getElementById("code");
const count = document.getElementById("count");
const stepper = count.parentElement;
const hint = find("hint");

export const people = () => Math.min(limits.people, Math.max(1, Math.trunc(Number(count.value)) || 1));

export function setPeople(value) {
  count.value = String(Math.min(limits.people, Math.max(1, value)));
  stepper.dataset.group = String(people() > 1);
}

/** Back to the field, unless somebody is in a dialog or on their way with the Tab key. */
export function refocus() {
  if (!document.querySelector("dialog[open]")) input.focus({ preventScroll: true });
}

/** Calls `onCode(text)` for every code that is scanned or typed. */
export function startField(onCode) {
  const submit = () => {
    const text = input.value;
    input.value = "";
    if (text.length > limits.code_chars) {
      hint.textContent = words.too_long;
      return;
    }
    hint.textContent = "";
    if (text.trim()) onCode(text);
  };
  field.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
    refocus();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    // Readers end with Enter or Tab; Tab in an empty field is somebody walking by keyboard.
    if (event.key === "Tab" && !event.shiftKey && input.value) {
      event.preventDefault();
      submit();
    }
  });
  input.addEventListener("compositionstart", () => {
    hint.textContent = words.input_method;
  });
  addEventListener("keydown", catchKey, true);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("input, select, dialog")) refocus();
  });
  input.addEventListener("blur", () => {
    setTimeout(() => {
      if (document.activeElement === document.body) refocus();
    });
  });
  startStepper();
  startKeys();
  refocus();
}

/** A reader types wherever the focus is; its first letter brings it to the field. */
function catchKey(event) {
  const typing = event.target.closest?.("input:not([type=radio]), select, textarea, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length === 1 && event.key !== " ") refocus();
}

function startStepper() {
  find("fewer").addEventListener("click", () => setPeople(people() - 1));
  find("more").addEventListener("click", () => setPeople(people() + 1));
  count.addEventListener("change", () => setPeople(people()));
  count.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    setPeople(people());
    refocus();
  });
}

/** Without a reader the screen's own keyboard is wanted; with one it would be in the way. */
function startKeys() {
  const button = find("keys");
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    input.inputMode = shown ? "text" : "none";
    input.blur();
    refocus();
  });
}

export const tellField = (text, values) => {
  hint.textContent = say(text, values);
};
