/** Two tabs of one terminal: one leads, the other says so. */

const NAME = "paifang-terminal";

/** What changes for this tab. */
export interface Leading {
  readonly leads: () => void;
  readonly follows: () => void;
}

export class Lead {
  constructor(private readonly on: Leading) {}

  /** Lead if nobody does; else wait until the one that does is closed. */
  stand(): void {
    void this.hold({ ifAvailable: true }, true);
  }

  /** Lead now, whoever does. */
  take(): void {
    void this.hold({ steal: true }, false);
  }

  private async hold(options: LockOptions, thenWait: boolean): Promise<void> {
    const { locks } = navigator;
    // Without locks there is no telling; better two tabs than none.
    if (locks === undefined) return this.on.leads();
    let led = false;
    try {
      await locks.request(NAME, options, (lock) => {
        if (lock === null) return undefined;
        led = true;
        this.on.leads();
        return new Promise<never>(() => undefined);
      });
    } catch {
      // Another tab has taken it over.
    }
    this.on.follows();
    if (thenWait || led) void this.hold({}, false);
  }
}
