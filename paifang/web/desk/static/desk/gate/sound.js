// What the ear and the hand are told, beside the eye. Tones as in the table of looks.

import { find } from "./page.js";

const HIGH = 880;
const HIGHER = 1175;
const LOW = 220;
// [pitch in Hz, from second, for seconds, volume]
const TONES = {
  admit: [[HIGH, 0, 0.12, 0.3]],
  again: [
    [HIGH, 0, 0.1, 0.3],
    [HIGH, 0.16, 0.1, 0.3],
  ],
  exit: [[HIGH / 2, 0, 0.14, 0.12]],
  warn: [
    [HIGH / 2, 0, 0.14, 0.3],
    [HIGHER / 2, 0.18, 0.22, 0.3],
  ],
  refuse: [
    [LOW, 0, 0.2, 0.4],
    [LOW, 0.28, 0.3, 0.4],
  ],
};
const BUZZES = { admit: [60], again: [60, 60, 60], exit: [30], warn: [120, 80, 120], refuse: [300, 100, 300] };

let audio = null;
let on = true;

/** Browsers let a page sound only after a touch or a key; the first scan is one. */
export function startSound() {
  const wake = () => {
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume();
  };
  addEventListener("pointerdown", wake);
  addEventListener("keydown", wake);
  const button = find("sound");
  button.addEventListener("click", () => {
    on = !on;
    button.setAttribute("aria-pressed", String(on));
    if (on) signal("admit");
  });
}

/** Sounds and shakes for a verdict's state. */
export function signal(state) {
  if (!on) return;
  navigator.vibrate?.(BUZZES[state] ?? []);
  if (audio?.state !== "running") return;
  for (const [pitch, from, length, volume] of TONES[state] ?? []) {
    const start = audio.currentTime + from;
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.type = state === "refuse" ? "square" : "sine";
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(volume, start + 0.01);
    gain.gain.setValueAtTime(volume, start + length - 0.02);
    gain.gain.linearRampToValueAtTime(0, start + length);
    tone.connect(gain).connect(audio.destination);
    tone.start(start);
    tone.stop(start + length);
  }
}
