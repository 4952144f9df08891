/** Puts the terminal together: the parts know each other only through what is handed in here. */

import type { App, AppState, Phase } from "./app";
import { Calls, Fault, PATIENT_MS } from "./calls";
import { Clock } from "./clock";
import { VERSION, firstState, isFit, takeFragment } from "./first_state";
import { Gate } from "./gate";
import { Lead } from "./lead";
import { heardOn } from "./line";
import { standAt } from "./places";
import { Senses } from "./senses";
import { SignOn, pairingCode } from "./sign_on";
import { Cell } from "./state";
import { Store, type StoreTrouble } from "./store";
import type {
  Direction,
  FlowAnswer,
  Kind,
  Settings,
  TerminalShown,
  TicketStory,
  TicketsAnswer,
  TokenAnswer,
  Via,
} from "./types";
import { Updates } from "./updates";
import { Watch } from "./watch";
import { type Said, say } from "./words";

/** A clock that drifts by less is not written down again. */
const CLOCK_KEPT_MS = 1_000;

const STORE_WORDS: Readonly<Record<StoreTrouble, Said>> = {
  absent: say("This browser keeps nothing: after a reload this device must be paired again."),
  full: say("The store of this device is full. Scanning goes on; free some space soon."),
  cleared: say("The store of this device was cleared and has been written anew."),
};

/** Make the terminal of this page and set it going. */
export function createApp(): App {
  return new Terminal();
}

class Terminal implements App {
  private readonly cell: Cell<AppState>;
  private readonly clock = new Clock();
  private readonly calls: Calls;
  private readonly senses: Senses;
  private readonly lead: Lead;
  private readonly updates: Updates;
  private storeTrouble: StoreTrouble | null = null;
  private store!: Store;
  private signOn!: SignOn;
  private gate!: Gate;
  private watch!: Watch;
  private updateWanted = false;

  constructor() {
    this.cell = new Cell(firstState());
    this.calls = new Calls(
      (...what) => fetch(...what),
      () => this.state.settings.language,
      (heard) => this.patch({ link: heardOn(this.state.link, heard, Date.now()) }),
    );
    this.senses = new Senses(this.cell, {
      text: (text, via) => this.scan(text, via),
      hint: (said) => this.gate.hint(said),
    });
    this.updates = new Updates({
      state: (serviceWorker) => this.senses.trust({ serviceWorker }),
      ready: () => this.patch({ updateReady: true }),
    });
    this.lead = new Lead({
      leads: () => void this.begin(),
      follows: () => this.stepBack(),
    });
    // A QR's address opened in this very tab changes only its end, and loads nothing by itself.
    globalThis.addEventListener?.("hashchange", () => {
      if (location.hash.startsWith("#pair=")) location.reload();
    });
    void this.updates.start();
    if (isFit()) this.lead.stand();
    else this.patch({ phase: "unfit" });
  }

  get state(): AppState {
    return this.cell.get();
  }

  subscribe(listener: (state: AppState) => void): () => void {
    return this.cell.subscribe(listener);
  }

  // --- getting to work ---------------------------------------------------------------------------

  /** This tab leads: open the store and take up what it says. */
  private async begin(): Promise<void> {
    this.store = await Store.open((trouble) => {
      this.storeTrouble = trouble;
      this.notice();
    });
    this.signOn = new SignOn(
      this.calls,
      this.store,
      this.clock,
      {
        signedOn: (answer) => this.signedOn(answer),
        shiftOver: (said) => this.shiftOver(said),
        withdrawn: () => this.enter("revoked"),
      },
      VERSION,
    );
    this.gate = new Gate({
      cell: this.cell,
      calls: this.calls,
      signOn: this.signOn,
      store: this.store,
      clock: this.clock,
      feel: (face) => this.senses.feel(face),
    });
    this.watch = new Watch({
      cell: this.cell,
      calls: this.calls,
      signOn: this.signOn,
      clock: this.clock,
      version: VERSION,
      learned: (terminal) => this.learned(terminal),
      told: () => this.notice(),
    });
    this.senses.start();
    this.clock.assume(this.store.get("clockOffsetMs"));
    const settings = { ...this.state.settings, ...this.store.get("settings") };
    const shift = this.store.get("shift");
    this.patch({
      settings,
      recent: this.store.recent,
      knownStaff: this.store.get("knownStaff") ?? [],
      staff: shift?.staff ?? null,
      shiftUntilMs: shift?.untilMs ?? 0,
    });
    const identity = this.store.get("identity");
    if (identity !== null) {
      this.patch({ node: identity.node });
      this.learned(identity.terminal);
    }
    const code = takeFragment();
    if (code !== null) {
      this.enter("unpaired");
      await this.pairOver(code);
    } else if (this.store.get("revoked") === true) this.enter("revoked");
    else this.enterByIdentity();
  }

  /** Another tab leads from now on. */
  private stepBack(): void {
    this.gate?.pause();
    this.watch?.stop();
    this.senses.stop();
    this.store?.close();
    this.patch({ phase: "other_tab", verdict: null });
  }

  private enterByIdentity(): void {
    const identity = this.store.get("identity");
    if (identity === null) this.enter("unpaired");
    else if (identity.terminal.staffed && this.store.get("shift") === null) this.enter("sign_on");
    else this.enter("working");
  }

  private enter(phase: Phase): void {
    const was = this.state.phase;
    this.patch({ phase });
    this.watch.follow(phase);
    if (phase === "working" && was !== "working") this.gate.resume();
    if (phase !== "working") {
      this.gate.pause();
      this.patch({ verdict: null });
      if (phase === "revoked" || phase === "unpaired") this.senses.rest();
    }
  }

  /** A code in the address of a terminal that has a life already: the newer wish counts. */
  private async pairOver(code: string): Promise<void> {
    const no = await this.pair(code);
    if (no === null) return;
    this.patch({ hint: no });
    if (this.store.get("identity") !== null) this.enterByIdentity();
  }

  async pair(text: string): Promise<Said | null> {
    const code = pairingCode(text);
    if (code === null) {
      return say("This is no pairing code. It has ten letters and digits and stands under the QR.");
    }
    const was = this.state.phase;
    this.patch({ phase: "pairing", hint: null });
    try {
      const { terminal, node } = await this.signOn.pair(code);
      await this.store.drop("revoked");
      this.patch({ node, staff: null, shiftUntilMs: 0 });
      this.learned(terminal);
      this.notice();
      this.senses.keepStore(true);
      this.enterByIdentity();
      return null;
    } catch (fault) {
      this.patch({ phase: was === "pairing" ? "unpaired" : was });
      return saidOf(fault);
    }
  }

  startShift(username: string, pin: string): Promise<Said | null> {
    this.wake();
    return this.said(() => this.signOn.begin({ staff: username.trim(), pin }));
  }

  startShiftByCard(card: string): Promise<Said | null> {
    return this.said(() => this.signOn.begin({ card }));
  }

  async endShift(): Promise<Said | null> {
    this.patch({ staff: null, shiftUntilMs: 0 });
    // First away from the gate, then the report: nobody scans on with an ended shift.
    this.enter("sign_on");
    return this.said(() => this.signOn.end());
  }

  checkPin(username: string, pin: string): Promise<Said | null> {
    return this.said(() => this.signOn.check(username.trim(), pin));
  }

  async forget(): Promise<void> {
    await this.store.forget();
    this.signOn.distrust();
    this.patch({
      terminal: null,
      gate: null,
      staff: null,
      recent: [],
      unsent: 0,
      knownStaff: [],
      counts: null,
      centre: null,
    });
    this.enter("unpaired");
  }

  takeOver(): void {
    this.lead.take();
  }

  private signedOn({ terminal, staff, shift_until_ms, node }: TokenAnswer): void {
    this.patch({ node });
    this.learned(terminal);
    this.notice();
    if (staff !== undefined) {
      this.patch({
        staff,
        shiftUntilMs: shift_until_ms ?? 0,
        knownStaff: this.store.get("knownStaff") ?? [],
      });
    }
    const { phase } = this.state;
    if (phase === "sign_on" && (staff !== undefined || !terminal.staffed)) this.enter("working");
  }

  private shiftOver(said: Said): void {
    this.patch({ staff: null, shiftUntilMs: 0 });
    this.enter("sign_on");
    this.patch({ hint: said });
  }

  /** The host's configuration of this terminal, new or as before. */
  private learned(terminal: TerminalShown): void {
    this.patch({ terminal, ...standAt(terminal, this.state.settings) });
  }

  // --- at the gate -------------------------------------------------------------------------------

  chooseGate(slug: string): void {
    this.set({ gate: slug });
  }

  setDirection(direction: Direction): void {
    this.set({ direction });
  }

  setPeople(people: number): void {
    this.patch({ people: Math.min(999, Math.max(1, Math.trunc(people) || 1)) });
  }

  setPreviewing(on: boolean): void {
    this.patch({ previewing: on });
  }

  scan(text: string, via: Via): void {
    const { phase, people } = this.state;
    if (phase === "unpaired") void this.pair(text).then((no) => this.patch({ hint: no }));
    if (phase === "sign_on" && (via === "wedge" || via === "nfc")) {
      void this.startShiftByCard(text).then((no) => this.patch({ hint: no }));
    }
    if (phase !== "working") return;
    const kind: Kind = via === "nfc" ? "card" : via === "search" ? "serial" : "auto";
    this.gate.submit({ text, kind, via, people });
  }

  typed(text: string, kind: Kind): void {
    if (this.state.phase === "working") {
      this.gate.submit({ text, kind, via: "typed", people: this.state.people });
    }
  }

  dismiss(): void {
    this.gate.dismiss();
    if (this.updateWanted) this.update();
  }

  identityChecked(matches: boolean): void {
    this.gate.identityChecked(matches);
  }

  admitMore(people: number): void {
    this.gate.admitMore(people);
  }

  annul(id: string, reason: string, username?: string, pin?: string): Promise<Said | null> {
    return this.gate.annul(id, reason, username, pin);
  }

  override(username: string, pin: string, reason: string): Promise<Said | null> {
    return this.gate.override(username.trim(), pin, reason);
  }

  search(query: string): Promise<TicketsAnswer> {
    return this.ask(`/tickets?${new URLSearchParams({ q: query, limit: "20" }).toString()}`);
  }

  story(ticketId: string): Promise<TicketStory> {
    return this.ask(`/tickets/${encodeURIComponent(ticketId)}`);
  }

  flow(minutes: number): Promise<FlowAnswer> {
    return this.ask(`/flow?minutes=${minutes}`);
  }

  // --- the device --------------------------------------------------------------------------------

  set(change: Partial<Settings>): void {
    const settings = { ...this.state.settings, ...change };
    const { terminal } = this.state;
    this.patch({ settings, ...(terminal === null ? {} : standAt(terminal, settings)) });
    void this.store?.put("settings", settings);
    if (change.cameraId !== undefined) this.senses.choose(change.cameraId);
  }

  showCamera(video: HTMLVideoElement): () => void {
    return this.senses.show(video);
  }

  setTorch(on: boolean): void {
    this.senses.setTorch(on);
  }

  wake(): void {
    this.senses.wake();
  }

  setSelfTest(open: boolean): void {
    this.senses.setSelfTest(open);
  }

  install(): Promise<void> {
    return this.senses.install();
  }

  update(): void {
    // Never in mid-scan: the page that asked must hear the answer.
    this.updateWanted = true;
    if (!this.gate?.busy) this.updates.load();
  }

  // --- help --------------------------------------------------------------------------------------

  /** A signed-on question, once more with a fresh token if the old one had ended. @throws Fault */
  private async ask<T>(path: string): Promise<T> {
    try {
      const token = await this.signOn.token();
      return await this.calls.once<T>(path, { token, timeoutMs: PATIENT_MS });
    } catch (fault) {
      if (!(fault instanceof Fault) || !(await this.signOn.heed(fault))) throw fault;
      const token = await this.signOn.token();
      return this.calls.once<T>(path, { token, timeoutMs: PATIENT_MS });
    }
  }

  private async said(act: () => Promise<unknown>): Promise<Said | null> {
    try {
      await act();
      return null;
    } catch (fault) {
      return saidOf(fault);
    }
  }

  private notice(): void {
    const clock = this.clock.complaint();
    const { offsetMs } = this.clock;
    const known = this.store?.get("clockOffsetMs") ?? null;
    if (offsetMs !== null && Math.abs(offsetMs - (known ?? Number.MAX_VALUE)) > CLOCK_KEPT_MS) {
      void this.store.put("clockOffsetMs", offsetMs);
    }
    const store = this.storeTrouble === null ? null : STORE_WORDS[this.storeTrouble];
    const notices = [clock, store].filter((said) => said !== null);
    this.patch({ notices, clockOffsetMs: this.clock.offsetMs });
  }

  private patch(change: Partial<AppState>): void {
    this.cell.patch(change);
  }
}

function saidOf(fault: unknown): Said {
  if (fault instanceof Fault) return fault.said;
  throw fault;
}
