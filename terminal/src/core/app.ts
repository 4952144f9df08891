/**
 * The terminal as the views see it: one state, and what a person can do. A Svelte store by its
 * shape (`subscribe` calls at once and at every change), without being one: `fromStore(app)`.
 *
 * Whatever can be answered with a no returns words: `null` is "done", a `Said` says why not.
 */

import type {
  CameraState,
  CentreLine,
  Counts,
  Direction,
  FlowAnswer,
  GateShown,
  Heard,
  Kind,
  LinkState,
  Recent,
  Settings,
  StaffShown,
  TerminalShown,
  TicketsAnswer,
  TicketStory,
  Trust,
  Verdict,
  Via,
} from "./types";
import type { Said } from "./words";

/**
 * Where the terminal stands. `opening`: reading its store; `other_tab`: another tab of this
 * terminal leads; `unpaired`: it needs a code; `sign_on`: paired, nobody stands at it; `working`;
 * `revoked`: the manager has withdrawn it; `unfit`: this browser lacks what cannot be done without.
 */
export type Phase =
  | "opening"
  | "other_tab"
  | "unpaired"
  | "pairing"
  | "sign_on"
  | "working"
  | "revoked"
  | "unfit";

export interface AppState {
  readonly phase: Phase;
  readonly link: LinkState;
  /** Decisions and reports that have not reached the host. */
  readonly unsent: number;
  readonly terminal: TerminalShown | null;
  readonly node: string;
  readonly staff: StaffShown | null;
  readonly shiftUntilMs: number;
  /** Usernames that signed on at this device before, newest first. */
  readonly knownStaff: readonly string[];
  /** Where this terminal stands now, one of `terminal.gates`. */
  readonly gate: GateShown | null;
  readonly direction: Direction;
  /** People the next scan is for. */
  readonly people: number;
  /** Verify mode: the next scans use nothing up. */
  readonly previewing: boolean;
  /** The state on the whole screen, null for none. */
  readonly verdict: Verdict | null;
  /** Newest first. */
  readonly recent: readonly Recent[];
  readonly counts: Counts | null;
  /** The host's own line to its centre; null where the host is no venue host. */
  readonly centre: CentreLine | null;
  readonly camera: CameraState;
  /** A passing word under the scanner: two codes in one frame, an input method. */
  readonly hint: Said | null;
  /** Words about the whole terminal that stay until the cause is gone: clock off, store full. */
  readonly notices: readonly Said[];
  readonly heard: Heard | null;
  readonly trust: Trust;
  readonly settings: Settings;
  /** How far this device's clock is ahead of the host's, in ms; null before the first answer. */
  readonly clockOffsetMs: number | null;
  /** A newer version lies ready; `update` loads it. */
  readonly updateReady: boolean;
  readonly version: string;
}

export { createApp } from "./create_app";

export interface App {
  subscribe(listener: (state: AppState) => void): () => void;
  readonly state: AppState;

  // Getting to work.
  /** Trade a one-time code (typed, scanned, or the whole address of the QR) for an identity. */
  pair(code: string): Promise<Said | null>;
  startShift(username: string, pin: string): Promise<Said | null>;
  startShiftByCard(card: string): Promise<Said | null>;
  endShift(): Promise<Said | null>;
  /** Whether name and PIN belong together; begins nothing (leaving the kiosk). */
  checkPin(username: string, pin: string): Promise<Said | null>;
  /** Forget identity and key, after a revocation or to pair anew. */
  forget(): Promise<void>;
  /** Become the tab that leads. */
  takeOver(): void;

  // At the gate.
  chooseGate(slug: string): void;
  setDirection(direction: Direction): void;
  setPeople(people: number): void;
  setPreviewing(on: boolean): void;
  /** A text seen by a scanner. */
  scan(text: string, via: Via): void;
  /** A text typed by hand, as the kind the person chose. */
  typed(text: string, kind: Kind): void;
  dismiss(): void;
  /** After `asksIdentity`: the steward looked, and it is the holder (or is not). */
  identityChecked(matches: boolean): void;
  /** The rest of a group, or some more of it: the present verdict's ticket once more. */
  admitMore(people: number): void;
  /** Take a decision back, within 15 minutes; `username` and `pin` for a supervisor's. */
  annul(id: string, reason: string, username?: string, pin?: string): Promise<Said | null>;
  /** Admit the ticket of the present verdict against the refusal. */
  override(username: string, pin: string, reason: string): Promise<Said | null>;
  /** Throws `Fault`, whose `said` has the words. */
  search(query: string): Promise<TicketsAnswer>;
  /** Throws `Fault`. */
  story(ticketId: string): Promise<TicketStory>;
  /** Throws `Fault`. */
  flow(minutes: number): Promise<FlowAnswer>;

  // The device.
  set(change: Partial<Settings>): void;
  /** Give the picture a place; the returned function takes it away and stops the camera. */
  showCamera(video: HTMLVideoElement): () => void;
  setTorch(on: boolean): void;
  /** Within a tap: lets sounds play, keeps the screen on, asks to keep the store. */
  wake(): void;
  /** While the self-test is open, what scanners type is shown in `heard` and admits nobody. */
  setSelfTest(open: boolean): void;
  install(): Promise<void>;
  update(): void;
}
