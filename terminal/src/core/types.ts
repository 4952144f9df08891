/**
 * What goes over the wire and what the screens show, as types. The wire is that of
 * paifang/services/live/bodies.py and docs/reference/http.md.
 */

import type { Said } from "./words";

// --- the wire ------------------------------------------------------------------------------------

export type TerminalRole = "gate" | "badge" | "box_office" | "exchange" | "kiosk" | "monitor";
export type StaffRole = "manager" | "supervisor" | "steward" | "cashier" | "finance" | "regulator";
export type Direction = "entry" | "exit";
export type Decision = "admit" | "refuse" | "attention";
export type Kind = "auto" | "code" | "serial" | "document" | "card" | "account";
export type FaceCheck = "" | "match" | "staff" | "mismatch";

/** One gate a terminal may stand at. */
export interface GateShown {
  readonly slug: string;
  readonly name: string;
  readonly name_zh: string;
  readonly zone: string;
  readonly zone_name: string;
  readonly zone_name_zh: string;
  readonly directions: readonly Direction[];
}

/** This terminal as the host's configuration has it. */
export interface TerminalShown {
  readonly id: string;
  readonly name: string;
  readonly role: TerminalRole;
  /** Whether somebody must sign on before it may do more than watch. */
  readonly staffed: boolean;
  readonly gates: readonly GateShown[];
}

export interface StaffShown {
  readonly username: string;
  readonly name: string;
  readonly role: StaffRole;
}

export interface PairedAnswer {
  readonly terminal: TerminalShown;
  readonly node: string;
  readonly now_ms: number;
}

export interface ChallengeAnswer {
  readonly challenge: string;
  readonly now_ms: number;
  readonly until_ms: number;
}

export interface TokenAnswer {
  readonly token: string;
  readonly until_ms: number;
  readonly now_ms: number;
  readonly shift?: string;
  readonly shift_until_ms?: number;
  readonly staff?: StaffShown;
  readonly terminal: TerminalShown;
  readonly node: string;
  readonly centre_version: number;
  readonly node_version: number;
}

export interface StatusAnswer {
  readonly now_ms: number;
  readonly terminal: TerminalShown;
}

/** A ticket shown at a gate: the body of `POST /admissions` and of its preview. */
export interface AdmissionBody {
  readonly code: string;
  readonly gate: string;
  readonly request_id: string;
  readonly direction: Direction;
  readonly kind: Kind;
  readonly count: number;
  readonly face_check?: FaceCheck;
  readonly staff?: string;
}

export interface OverrideBody extends AdmissionBody {
  readonly staff: string;
  readonly pin: string;
  readonly reason_text: string;
}

export interface TicketShown {
  readonly id: string;
  readonly product: string;
  readonly product_zh: string;
  readonly product_id: string;
  readonly holder: string;
  readonly people: number;
  /** Null where nothing limits the uses. */
  readonly uses_left: number | null;
  readonly photo_url?: string;
}

export interface FirstEntry {
  readonly at: string;
  readonly gate: string;
  readonly gate_zh: string;
  readonly terminal: string;
  readonly by: string;
}

export interface AdmissionAnswer {
  readonly decision: Decision;
  /** A reason code of the contract; `reasonOf` has its words. */
  readonly reason: string;
  readonly request_id: string;
  readonly direction: Direction;
  readonly zone: string;
  readonly people: number;
  readonly basis: "lease" | "provisional" | "override";
  readonly node: string;
  readonly epoch: number;
  readonly seq: number;
  readonly ticket?: TicketShown;
  readonly first?: FirstEntry;
}

export interface AnnulAnswer {
  readonly admission: string;
  readonly request_id: string;
  readonly uses_back: number;
  readonly off: number;
}

export interface ZoneShown {
  readonly zone: string;
  readonly name: string;
  readonly name_zh: string;
  readonly entries: number;
  readonly exits: number;
  readonly inside: number;
  /** 0 is without limit. */
  readonly cap: number;
  readonly alarm: boolean;
}

export interface OccupancyAnswer {
  readonly as_of: string;
  readonly age_ms: number;
  readonly zones: readonly ZoneShown[];
}

export interface TicketLast {
  readonly at: string;
  readonly gate: string;
  readonly gate_zh: string;
  readonly direction: Direction;
  readonly decision: Decision;
  readonly reason: string;
}

export interface TicketFound {
  readonly id: string;
  readonly holder: string;
  readonly company: string;
  readonly product: string;
  readonly product_zh: string;
  readonly people: number;
  readonly state: "valid" | "void" | "refunded" | "unpaid" | "blocked" | "voucher";
  readonly uses: number;
  readonly phone_tail: string;
  readonly serial_tail: string;
  /** Only told to supervisors and managers, who may admit from search. */
  readonly serial?: string;
  readonly exact: boolean;
  readonly last?: TicketLast;
}

export interface TicketsAnswer {
  readonly tickets: readonly TicketFound[];
  readonly more: boolean;
}

export interface TicketEvent extends TicketLast {
  readonly terminal: string;
  readonly basis: string;
  readonly people: number;
  readonly by: string;
  readonly reason_text: string;
}

export interface TicketStory extends TicketFound {
  readonly history: readonly TicketEvent[];
}

export interface GateFlow {
  readonly gate: string;
  readonly name: string;
  readonly name_zh: string;
  readonly zone: string;
  /** No sign of life for a while: hatched, never zero. */
  readonly silent: boolean;
  readonly seen_at?: string;
  /** Per minute, oldest first. */
  readonly entries: readonly number[];
  readonly exits: readonly number[];
  readonly refusals: readonly number[];
}

export interface FlowAnswer {
  readonly as_of: string;
  readonly from: string;
  readonly minutes: number;
  readonly gates: readonly GateFlow[];
  /** Refusals today. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
}

// --- what the screens show -----------------------------------------------------------------------

/** Which of the faces of looks.md a verdict has; `wait` while the answer is awaited. */
export type Face = "admit" | "again" | "exit" | "warn" | "refuse" | "wait";

/** How a text came in. */
export type Via = "camera" | "wedge" | "typed" | "nfc" | "search";

/** One large state. Texts that do not apply are null; names and numbers are for the view to set. */
export interface Verdict {
  /** The request id of the decision; also the key of the recent list. */
  readonly id: string;
  readonly face: Face;
  /** The reason code, "" while waiting and for a problem. */
  readonly reason: string;
  readonly word: Said;
  readonly sentence: Said | null;
  readonly advice: Said | null;
  readonly direction: Direction;
  /** How many people this decision let through or would have. */
  readonly people: number;
  readonly ticket: TicketShown | null;
  readonly first: FirstEntry | null;
  /** Nothing was used up: verify mode. */
  readonly preview: boolean;
  /** A supervisor stands behind it. */
  readonly byOverride: boolean;
  /** May a supervisor admit against it? */
  readonly mayOverride: boolean;
  /** The holder's identity must be looked at, then confirmed by `identityChecked`. */
  readonly asksIdentity: boolean;
  /** Closes by itself so many ms after `shownMs`; 0 stays until somebody taps. */
  readonly closesMs: number;
  /** By this device's own clock. */
  readonly shownMs: number;
}

/** One line of the list of recent scans. */
export interface Recent {
  readonly id: string;
  readonly atMs: number;
  readonly face: Face;
  readonly reason: string;
  readonly word: Said;
  readonly direction: Direction;
  readonly people: number;
  readonly holder: string;
  readonly product: string;
  readonly product_zh: string;
  /** The last four characters of what was shown, for a scan that found no ticket. */
  readonly tail: string;
  readonly via: Via;
  /** Taken back: by `annul`. */
  readonly undone: boolean;
  /** Whether it may still be taken back. */
  readonly mayUndo: boolean;
}

/**
 * The line to the host. `unreachable`: nothing answers; `refusing`: it answers, and says that it
 * cannot now (`said` tells why).
 */
export interface LinkState {
  readonly state: "connecting" | "connected" | "unreachable" | "refusing";
  readonly sinceMs: number;
  readonly said: Said | null;
}

/** How a venue host finds its line to the centre, as it tells; times as ISO, "" for none. */
export interface CentreLine {
  readonly up: boolean;
  readonly state: "open" | "poor" | "down";
  readonly backlog: number;
  readonly success_at: string;
  /** Of the last window, -1 for what was not seen. */
  readonly loss_percent: number;
  readonly latency_ms: number;
  readonly kbit: number;
  readonly measured_at: string;
}

/** People inside, with the time they were received at by this device's clock. */
export interface Counts {
  readonly zones: readonly ZoneShown[];
  /** When the host counted, by this device's clock, so that `Date.now() - asOfMs` is the age. */
  readonly asOfMs: number;
}

export interface CameraState {
  readonly state: "off" | "starting" | "on" | "denied" | "none" | "failed";
  readonly torch: "none" | "off" | "on";
  readonly cameras: readonly { readonly id: string; readonly label: string }[];
  readonly cameraId: string;
  /** What is decoding: the browser's own reader or the bundled one. */
  readonly decoder: "native" | "wasm" | "";
}

/** What this page can and cannot do on this device. */
export interface Trust {
  /** Served over a trusted way: camera, keys and store work. */
  readonly secure: boolean;
  readonly serviceWorker: "ready" | "starting" | "refused" | "absent";
  /** Whether the browser promised to keep the store. */
  readonly store: "kept" | "may_be_cleared" | "absent";
  readonly wakeLock: "on" | "off" | "absent";
  readonly installed: boolean;
  readonly mayInstall: boolean;
  readonly battery: { readonly percent: number; readonly charging: boolean } | null;
}

/** What a person may set on this device. */
export interface Settings {
  readonly language: "en" | "zh-Hans";
  readonly theme: "auto" | "light" | "night";
  /** Blue or teal for "admitted". */
  readonly pass: "blue" | "teal";
  readonly sound: boolean;
  readonly vibration: boolean;
  readonly camera: boolean;
  readonly cameraId: string;
  readonly gate: string;
  readonly direction: Direction;
  /** The switch between entry and exit stays on the screen, at a gate for both ways. */
  readonly bothWays: boolean;
}

/** What a self-test of wedge scanners shows of one burst of keys. */
export interface Heard {
  readonly text: string;
  readonly keys: number;
  readonly slowestGapMs: number;
  readonly end: "Enter" | "Tab" | "none";
  /** An input method took some of the keys. */
  readonly swallowed: boolean;
  readonly atMs: number;
}
