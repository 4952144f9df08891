/**
 * What a verdict sounds and feels like: rhythms that differ, not only pitches, for loud halls and
 * for people who do not hear pitch.
 */

import type { Face } from "./types";

interface Tone {
  readonly hz: number;
  readonly atMs: number;
  readonly ms: number;
  readonly gain: number;
}

const HIGH = { hz: 1_320, ms: 110, gain: 0.5 };

/** Tones of each face; `wait` is a click. */
export const TONES: Readonly<Record<Face, readonly Tone[]>> = {
  admit: [{ ...HIGH, atMs: 0 }],
  again: [
    { ...HIGH, atMs: 0 },
    { ...HIGH, atMs: 170 },
  ],
  exit: [{ hz: 660, atMs: 0, ms: 120, gain: 0.2 }],
  warn: [
    { hz: 620, atMs: 0, ms: 160, gain: 0.5 },
    { hz: 930, atMs: 190, ms: 220, gain: 0.5 },
  ],
  refuse: [
    { hz: 196, atMs: 0, ms: 260, gain: 0.8 },
    { hz: 165, atMs: 330, ms: 420, gain: 0.8 },
  ],
  wait: [{ hz: 400, atMs: 0, ms: 15, gain: 0.3 }],
};

/** Milliseconds on, off, on … */
export const BUZZES: Readonly<Record<Face, readonly number[]>> = {
  admit: [60],
  again: [60, 90, 60],
  exit: [35],
  warn: [70, 60, 180],
  refuse: [260, 90, 260],
  wait: [15],
};

export class Feedback {
  private context: AudioContext | null = null;

  /** Within a tap: browsers let nothing sound before one. */
  wake(): void {
    try {
      this.context ??= new AudioContext({ latencyHint: "interactive" });
      void this.context.resume();
    } catch {
      this.context = null; // no sound device: the screen and the vibration remain
    }
  }

  give(face: Face, how: { readonly sound: boolean; readonly vibration: boolean }): void {
    if (how.vibration) navigator.vibrate?.([...BUZZES[face]]);
    if (how.sound && this.context?.state === "running") {
      for (const tone of TONES[face]) sound(this.context, tone);
    }
  }
}

function sound(context: AudioContext, { hz, atMs, ms, gain }: Tone): void {
  const from = context.currentTime + atMs / 1000;
  const until = from + ms / 1000;
  const voice = context.createOscillator();
  const volume = context.createGain();
  voice.type = hz < 300 ? "square" : "sine";
  voice.frequency.value = hz;
  // Ramps instead of edges: an edge is a click of its own.
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(gain, from + 0.008);
  volume.gain.setValueAtTime(gain, Math.max(from + 0.008, until - 0.02));
  volume.gain.linearRampToValueAtTime(0, until);
  voice.connect(volume).connect(context.destination);
  voice.start(from);
  voice.stop(until + 0.02);
}
