/** The service worker: lets the page open with no network, and brings new versions by a tap. */

import type { Trust } from "./types";

export interface UpdateNews {
  readonly state: (state: Trust["serviceWorker"]) => void;
  /** A newer version lies ready. */
  readonly ready: () => void;
}

const LOOK_EVERY_MS = 15 * 60_000;

export class Updates {
  private waiting: ServiceWorker | null = null;
  private wanted = false;

  constructor(private readonly on: UpdateNews) {}

  async start(): Promise<void> {
    if (!("serviceWorker" in navigator)) return this.on.state("absent");
    const { serviceWorker } = navigator;
    serviceWorker.addEventListener("controllerchange", () => {
      // The first version takes the page over too; only a wanted update loads it anew.
      if (this.wanted) location.reload();
    });
    try {
      const registration = await serviceWorker.register("/terminal/sw.js", {
        scope: "/terminal/",
        updateViaCache: "none",
      });
      registration.addEventListener("updatefound", () => this.follow(registration.installing));
      this.follow(registration.installing);
      if (registration.waiting !== null) this.offer(registration.waiting);
      setInterval(() => void registration.update().catch(() => undefined), LOOK_EVERY_MS);
      await serviceWorker.ready;
      this.on.state("ready");
    } catch (fault) {
      // A certificate that was clicked through: everything works but opening without network.
      const refused = fault instanceof Error && fault.name === "SecurityError";
      this.on.state(refused ? "refused" : "absent");
    }
  }

  /** Load the version that lies ready. */
  load(): void {
    this.wanted = true;
    if (this.waiting === null) location.reload();
    else this.waiting.postMessage("take over");
  }

  private follow(worker: ServiceWorker | null): void {
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && navigator.serviceWorker.controller !== null) {
        this.offer(worker);
      }
    });
  }

  private offer(worker: ServiceWorker): void {
    this.waiting = worker;
    this.on.ready();
  }
}
