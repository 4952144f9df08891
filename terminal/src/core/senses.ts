/** The device's eyes, ears and voice, as one: camera, wedge, cards, sounds, and what they are told of. */

import type { AppState } from "./app";
import { Installer, WakeLock, followBattery, keepStore } from "./device";
import { Feedback } from "./feedback";
import { Camera } from "./scanner/camera";
import { readCards } from "./scanner/nfc";
import { Once } from "./scanner/once";
import { listen } from "./scanner/wedge";
import type { Cell } from "./state";
import type { Face, Heard, Trust, Via } from "./types";
import { type Said, say } from "./words";

/** A wedge scanner that reads the same code twice in one pull of its trigger. */
const DOUBLE_READ_MS = 900;

export interface Sensed {
  /** A text was shown, once per showing. */
  readonly text: (text: string, via: Via) => void;
  /** A passing word about what was seen or heard. */
  readonly hint: (said: Said) => void;
}

export class Senses {
  private readonly feedback = new Feedback();
  private readonly camera: Camera;
  private readonly wakeLock: WakeLock;
  private readonly installer: Installer;
  private readonly before = new Once();
  private readonly double = new Once(DOUBLE_READ_MS);
  private cards: AbortController | null = null;
  private video: HTMLVideoElement | null = null;
  private askedToKeep = false;
  private selfTest = false;
  private unlisten = (): void => undefined;

  constructor(
    private readonly cell: Cell<AppState>,
    private readonly on: Sensed,
  ) {
    this.camera = new Camera({
      changed: (camera) => cell.patch({ camera }),
      seen: ({ text }) => {
        if (this.before.isNew(text, performance.now())) on.text(text, "camera");
      },
      several: () => on.hint(say("Several codes in view. Bring one to the middle.")),
    });
    this.wakeLock = new WakeLock((wakeLock) => this.trust({ wakeLock }));
    this.installer = new Installer((change) => this.trust(change));
    void followBattery((battery) => this.trust({ battery }));
  }

  /** Listen to wedge scanners until `stop`. */
  start(): void {
    this.unlisten = listen(window, (heard) => this.heard(heard));
    this.keepStore(false);
  }

  stop(): void {
    this.unlisten();
    this.camera.stop();
  }

  /** Give the picture a place; the returned function takes it away and stops the camera. */
  show(video: HTMLVideoElement): () => void {
    this.video = video;
    void this.camera.start(video, this.cell.get().settings.cameraId);
    return () => {
      if (this.video !== video) return;
      this.video = null;
      this.camera.stop();
    };
  }

  choose(cameraId: string): void {
    if (this.video !== null) void this.camera.start(this.video, cameraId);
  }

  setTorch(on: boolean): void {
    void this.camera.setTorch(on);
  }

  /** While it is open, what scanners type is shown and goes nowhere. */
  setSelfTest(open: boolean): void {
    this.selfTest = open;
    this.cell.patch({ heard: null });
  }

  /** Within a tap: sounds, a screen that stays on, cards, and the promise to keep the store. */
  wake(): void {
    this.feedback.wake();
    this.wakeLock.want();
    if (this.cell.get().trust.store === "may_be_cleared" && !this.askedToKeep) this.keepStore(true);
    if (this.cards === null) {
      this.cards = new AbortController();
      void readCards((card) => this.on.text(card, "nfc"), this.cards.signal);
    }
  }

  /** Nobody works here: the screen may go dark. */
  rest(): void {
    this.wakeLock.release();
  }

  keepStore(ask: boolean): void {
    this.askedToKeep ||= ask;
    void keepStore(ask).then((store) => this.trust({ store }));
  }

  feel(face: Face): void {
    this.feedback.give(face, this.cell.get().settings);
  }

  install(): Promise<void> {
    return this.installer.install();
  }

  trust(change: Partial<Trust>): void {
    this.cell.patch({ trust: { ...this.cell.get().trust, ...change } });
  }

  private heard(heard: Heard): void {
    if (this.selfTest) {
      this.cell.patch({ heard });
    } else if (heard.swallowed) {
      this.on.hint(
        say("An input method swallowed letters of the scanner. Switch it to English."),
      );
    } else if (this.double.isNew(heard.text, performance.now())) {
      this.on.text(heard.text, "wedge");
    }
  }
}
