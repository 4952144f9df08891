/** What the page asks of the device: a screen that stays on, a store that is kept, its battery. */

import type { Trust } from "./types";

/** Before anything was asked. */
export function firstTrust(): Trust {
  const secure = globalThis.isSecureContext === true;
  return {
    secure,
    serviceWorker: "serviceWorker" in navigator ? "starting" : "absent",
    store: secure ? "may_be_cleared" : "absent",
    wakeLock: "wakeLock" in navigator ? "off" : "absent",
    installed: globalThis.matchMedia?.("(display-mode: standalone)").matches === true,
    mayInstall: false,
    battery: null,
  };
}

/** Keeps the screen on while the page is in front; the lock is lost whenever it is not. */
export class WakeLock {
  private lock: WakeLockSentinel | null = null;
  private wanted = false;

  constructor(private readonly tell: (state: Trust["wakeLock"]) => void) {
    document.addEventListener("visibilitychange", () => {
      if (this.wanted && !document.hidden) void this.take();
    });
  }

  want(): void {
    this.wanted = true;
    if (this.lock === null || this.lock.released) void this.take();
  }

  release(): void {
    this.wanted = false;
    void this.lock?.release();
  }

  private async take(): Promise<void> {
    if (!("wakeLock" in navigator)) return;
    try {
      this.lock = await navigator.wakeLock.request("screen");
      this.lock.addEventListener("release", () => this.tell("off"));
      this.tell("on");
    } catch {
      this.tell("off"); // battery saver, or not in front
    }
  }
}

/**
 * Whether the browser promised not to clear the store; with `ask` it is asked to, which some do by
 * asking the person, hence only after a tap.
 */
export async function keepStore(ask: boolean): Promise<Trust["store"]> {
  if (navigator.storage?.persist === undefined) return "may_be_cleared";
  try {
    const kept = (await navigator.storage.persisted()) || (ask && (await navigator.storage.persist()));
    return kept ? "kept" : "may_be_cleared";
  } catch {
    return "may_be_cleared";
  }
}

interface Battery extends EventTarget {
  readonly level: number;
  readonly charging: boolean;
}

/** Follow the battery, where the browser tells of it (Chromium). */
export async function followBattery(tell: (battery: Trust["battery"]) => void): Promise<void> {
  const ask = (navigator as { getBattery?: () => Promise<Battery> }).getBattery;
  if (ask === undefined) return;
  try {
    const battery = await ask.call(navigator);
    const told = () =>
      tell({ percent: Math.round(battery.level * 100), charging: battery.charging });
    battery.addEventListener("levelchange", told);
    battery.addEventListener("chargingchange", told);
    told();
  } catch {
    // Not allowed here: the manager sees no battery of this terminal.
  }
}

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

/** Holds the browser's offer to put the page on the home screen until somebody wants it. */
export class Installer {
  private offer: InstallPrompt | null = null;

  constructor(tell: (change: Partial<Trust>) => void) {
    globalThis.addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.offer = event as InstallPrompt;
      tell({ mayInstall: true });
    });
    globalThis.addEventListener("appinstalled", () => {
      this.offer = null;
      tell({ mayInstall: false, installed: true });
    });
  }

  async install(): Promise<void> {
    await this.offer?.prompt();
  }
}
