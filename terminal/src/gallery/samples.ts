/** Sample data of the gallery: one afternoon at two gates, with names of every kind. */

import type { App, AppState } from "../core/app";
import { faceOf, reasonOf } from "../core/reasons";
import type {
  AdmissionAnswer,
  FlowAnswer,
  Heard,
  Recent,
  TicketFound,
  TicketShown,
  TicketStory,
  Verdict,
} from "../core/types";
import { say } from "../core/words";

const MINUTE_MS = 60_000;
export const NOW_MS = Date.now();
const iso = (minutesAgo: number) => new Date(NOW_MS - minutesAgo * MINUTE_MS).toISOString();

const TICKET: TicketShown = {
  id: "t1",
  product: "Adult, morning",
  product_zh: "成人票 · 上午场",
  product_id: "adult",
  holder: "欧阳娜娜",
  people: 1,
  uses_left: 0,
};
const PHOTO =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 120"><rect width="90" height="120" fill="#b9c4d4"/><circle cx="45" cy="46" r="22" fill="#5a6472"/><path d="M5 120c0-30 18-42 40-42s40 12 40 42z" fill="#5a6472"/></svg>',
  );
const ELSEWHERE = {
  at: iso(21),
  gate: "South gate",
  gate_zh: "南门",
  terminal: "south-1",
  by: "Li Lei 李雷",
};

interface Case {
  readonly answer: Partial<AdmissionAnswer>;
  readonly ticket?: Partial<TicketShown> | null;
  readonly more?: Partial<Verdict>;
}

/** A verdict of an answer, as the core makes it. */
export function verdict({ answer, ticket = {}, more = {} }: Case): Verdict {
  const full: AdmissionAnswer = {
    decision: "admit",
    reason: "ok",
    request_id: "r1",
    direction: "entry",
    zone: "main",
    people: 1,
    basis: "lease",
    node: "venue",
    epoch: 1,
    seq: 1,
    ...answer,
  };
  const face = faceOf(full);
  const words = reasonOf(full.reason);
  const exit = face === "exit";
  const admitted = full.decision === "admit";
  return {
    id: "r1",
    face,
    reason: full.reason,
    word: exit ? say("Goodbye") : words.word,
    sentence: exit ? say("Counted out.") : words.sentence,
    advice: words.advice,
    direction: full.direction,
    people: full.people,
    ticket: ticket === null ? null : { ...TICKET, ...ticket },
    first: full.first ?? null,
    preview: false,
    byOverride: full.basis === "override",
    mayOverride: !admitted && words.overridable,
    asksIdentity: full.reason === "identity_required",
    closesMs: admitted ? 1800 : 0,
    shownMs: NOW_MS,
    ...more,
  };
}

const refusal = (reason: string, ticket: Partial<TicketShown> | null = {}) =>
  verdict({ answer: { decision: "refuse", reason }, ticket });
const attention = (reason: string, ticket: Partial<TicketShown> | null = {}) =>
  verdict({ answer: { decision: "attention", reason }, ticket });

export const VERDICTS: Readonly<Record<string, Verdict>> = {
  admit: verdict({ answer: {} }),
  admit_long: verdict({
    answer: {},
    ticket: { holder: "Wolfeschlegelsteinhausenbergerdorff, Maximiliane-Charlotte", uses_left: 3 },
  }),
  admit_photo: verdict({ answer: {}, ticket: { photo_url: PHOTO, holder: "O’Brien, Séan" } }),
  admit_group: verdict({
    answer: { people: 2 },
    ticket: { people: 5, uses_left: 3, holder: "Rowing club Utrecht", product: "Group", product_zh: "团体票" },
  }),
  admit_override: verdict({ answer: { basis: "override" } }),
  again: verdict({ answer: { reason: "re_entry" } }),
  exit: verdict({ answer: { direction: "exit" } }),
  already_used: verdict({
    answer: { decision: "refuse", reason: "already_used", first: ELSEWHERE },
    ticket: { holder: "O’Brien, Séan", product: "Adult, morning" },
  }),
  already_inside: verdict({
    answer: { decision: "refuse", reason: "already_inside", first: { ...ELSEWHERE, at: iso(1.4), by: "" } },
  }),
  identity: attention("identity_required", { photo_url: PHOTO }),
  unpaid: attention("unpaid"),
  supervisor: attention("needs_supervisor", { product: "Accompanied child", product_zh: "陪同儿童" }),
  clock: attention("clock_off", null),
  not_opened: attention("recorded_not_opened"),
  unknown: refusal("unknown", null),
  forged: refusal("forged", null),
  copied: refusal("copied"),
  too_old: refusal("code_too_old"),
  void: refusal("void"),
  refunded: refusal("refunded"),
  exchange: refusal("exchange_required"),
  exchanged: refusal("already_exchanged"),
  too_early: refusal("not_yet_valid"),
  expired: refusal("expired"),
  wrong_gate: refusal("wrong_gate"),
  wrong_session: refusal("wrong_session"),
  limit: refusal("limit_reached"),
  full: refusal("capacity_reached"),
  not_ready: refusal("not_ready", null),
  elsewhere: refusal("held_elsewhere"),
  not_inside: refusal("not_inside"),
  mismatch: refusal("identity_mismatch"),
  blocked: refusal("blocked"),
  malformed: refusal("malformed", null),
  wait: verdict({
    answer: {},
    ticket: null,
    more: { face: "wait", reason: "", word: say("Asking"), sentence: null, closesMs: 0 },
  }),
  wait_lost: verdict({
    answer: {},
    ticket: null,
    more: {
      face: "wait",
      reason: "",
      word: say("No connection"),
      sentence: say("The host does not answer. Check the network."),
      advice: say("Nobody passes until the answer is here. Trying again by itself."),
      closesMs: 0,
    },
  }),
};

export const line = (id: string, secondsAgo: number, of: Verdict, more: Partial<Recent> = {}): Recent => ({
  id,
  atMs: NOW_MS - secondsAgo * 1000,
  face: of.face,
  reason: of.reason,
  word: of.word,
  direction: of.direction,
  people: of.people,
  holder: of.ticket?.holder ?? "",
  product: of.ticket?.product ?? "",
  product_zh: of.ticket?.product_zh ?? "",
  tail: "93K4",
  via: "camera",
  undone: false,
  mayUndo: of.face === "admit" || of.face === "again",
  ...more,
});

const pick = (name: string): Verdict => VERDICTS[name] ?? verdict({ answer: {} });
export const RECENT: readonly Recent[] = [
  line("r1", 4, pick("admit")),
  line("r2", 16, pick("already_used")),
  line("r3", 31, pick("admit_group")),
  line("r4", 58, pick("exit"), { holder: "Nguyễn Thị Minh Khai" }),
  line("r5", 75, pick("unknown")),
  line("r6", 92, pick("again"), { holder: "阿卜杜拉·买买提", undone: true, mayUndo: false }),
  line("r7", 130, pick("admit_long")),
];

const GATES = [
  {
    slug: "north",
    name: "North gate 2",
    name_zh: "北门二号口",
    zone: "main",
    zone_name: "Fairground",
    zone_name_zh: "展区",
    directions: ["entry", "exit"],
  },
  {
    slug: "south",
    name: "South gate",
    name_zh: "南门",
    zone: "main",
    zone_name: "Fairground",
    zone_name_zh: "展区",
    directions: ["entry", "exit"],
  },
  {
    slug: "hall",
    name: "Hall of the river",
    name_zh: "河流厅",
    zone: "hall",
    zone_name: "Hall",
    zone_name_zh: "大厅",
    directions: ["entry"],
  },
] as const;

export const STATE: AppState = {
  phase: "working",
  link: { state: "connected", sinceMs: NOW_MS - 90 * MINUTE_MS, said: null },
  unsent: 0,
  terminal: { id: "1", name: "north-2", role: "gate", staffed: true, gates: GATES },
  node: "venue-1",
  staff: { username: "lilei", name: "Li Lei 李雷", role: "steward" },
  shiftUntilMs: NOW_MS + 6 * 60 * MINUTE_MS,
  knownStaff: ["lilei", "hanmei"],
  gate: GATES[0],
  direction: "entry",
  people: 1,
  previewing: false,
  verdict: null,
  recent: RECENT,
  counts: {
    asOfMs: NOW_MS - 1000,
    zones: [
      { zone: "main", name: "Fairground", name_zh: "展区", entries: 13_902, exits: 1_494, inside: 12_408, cap: 15_000, alarm: false },
      { zone: "hall", name: "Hall", name_zh: "大厅", entries: 1_120, exits: 230, inside: 890, cap: 900, alarm: true },
      { zone: "garden", name: "Garden", name_zh: "花园", entries: 640, exits: 512, inside: 128, cap: 0, alarm: false },
    ],
  },
  camera: {
    state: "on",
    torch: "off",
    cameras: [
      { id: "a", label: "Back camera" },
      { id: "b", label: "Front camera" },
    ],
    cameraId: "a",
    decoder: "wasm",
  },
  hint: null,
  notices: [],
  heard: null,
  trust: {
    secure: true,
    serviceWorker: "ready",
    store: "kept",
    wakeLock: "on",
    installed: false,
    mayInstall: true,
    battery: { percent: 74, charging: false },
  },
  settings: {
    language: "en",
    theme: "light",
    pass: "blue",
    sound: true,
    vibration: true,
    camera: true,
    cameraId: "a",
    gate: "north",
    direction: "entry",
    bothWays: false,
  },
  centre: null,
  clockOffsetMs: 12,
  updateReady: false,
  version: "0.1.0",
};

export const LOST: AppState = {
  ...STATE,
  link: { state: "unreachable", sinceMs: NOW_MS - 3.2 * MINUTE_MS, said: null },
  unsent: 2,
  ...(STATE.counts ? { counts: { ...STATE.counts, asOfMs: NOW_MS - 3.2 * MINUTE_MS } } : {}),
};

export const FOUND: readonly TicketFound[] = [
  {
    id: "f1", holder: "王小明", company: "江南造船", product: "Adult", product_zh: "成人票", people: 1,
    state: "valid", uses: 0, phone_tail: "0093", serial_tail: "4471", serial: "44710093812345", exact: true,
  },
  {
    id: "f2", holder: "王小明", company: "", product: "Adult", product_zh: "成人票", people: 1, state: "valid",
    uses: 1, phone_tail: "7712", serial_tail: "8120", serial: "44710093818120", exact: false,
    last: { at: iso(34), gate: "South gate", gate_zh: "南门", direction: "entry", decision: "admit", reason: "ok" },
  },
  {
    id: "f3", holder: "Wang Xiaoming-Fitzgerald", company: "Rowing club Utrecht", product: "Group", product_zh: "团体票",
    people: 5, state: "unpaid", uses: 0, phone_tail: "", serial_tail: "0417", exact: false,
  },
];

export const STORY: TicketStory = {
  ...(FOUND[1] as TicketFound),
  history: [
    event(34, "admit", "ok", "entry", "李雷"),
    event(21, "refuse", "already_used", "entry", "韩梅梅"),
    event(12, "admit", "ok", "entry", "Han Meimei", "Mistake at another gate", "override"),
    event(3, "admit", "ok", "exit", ""),
  ],
};
function event(
  ago: number,
  decision: "admit" | "refuse",
  reason: string,
  direction: "entry" | "exit",
  by: string,
  reason_text = "",
  basis = "lease",
): TicketStory["history"][number] {
  return {
    at: iso(ago), gate: "South gate", gate_zh: "南门", direction, decision, reason, terminal: "south-1", basis,
    people: 1, by, reason_text,
  };
}

const wave = (i: number, high: number, phase: number) =>
  Math.max(0, Math.round(high * (0.55 + 0.35 * Math.sin(i / 9 + phase) + 0.1 * Math.sin(i * 2.7 + phase))));
const MINUTES = 60;
const series = (high: number, phase: number) => Array.from({ length: MINUTES }, (_, i) => wave(i, high, phase));
const none = Array.from({ length: MINUTES }, () => 0);
const flowGate = (gate: string, name: string, name_zh: string, high: number, phase: number) => ({
  gate, name, name_zh, zone: "main", silent: false, seen_at: iso(0.1),
  entries: series(high, phase), exits: series(high / 6, phase + 2), refusals: series(3, phase),
});
export const FLOW: FlowAnswer = {
  as_of: iso(0),
  from: new Date(Math.floor(NOW_MS / MINUTE_MS) * MINUTE_MS - (MINUTES - 1) * MINUTE_MS).toISOString(),
  minutes: MINUTES,
  gates: [
    flowGate("north", "North gate 1", "北门一号口", 44, 0),
    flowGate("north2", "North gate 2", "北门二号口", 52, 0.7),
    { ...flowGate("south", "South gate", "南门", 0, 0), silent: true, seen_at: iso(4), entries: none, exits: none },
    flowGate("hall", "Hall of the river", "河流厅", 18, 3),
    flowGate("garden", "Garden", "花园", 6, 1),
  ],
  reasons: [
    { reason: "already_used", count: 84 },
    { reason: "not_yet_valid", count: 41 },
    { reason: "wrong_gate", count: 33 },
    { reason: "unknown", count: 17 },
    { reason: "unpaid", count: 9 },
    { reason: "forged", count: 2 },
  ],
};

export const HEARD_GOOD: Heard = { text: "8Q4ZK7M2WX0T93K4", keys: 17, slowestGapMs: 11.4, end: "Enter", swallowed: false, atMs: NOW_MS };
export const HEARD_BAD: Heard = { text: "8q4z2", keys: 17, slowestGapMs: 140, end: "none", swallowed: true, atMs: NOW_MS };

const done = () => Promise.resolve(null);
/** An app that does nothing but answer as a host would. */
export const APP: App = {
  state: STATE,
  subscribe: () => () => undefined,
  pair: done,
  startShift: done,
  startShiftByCard: done,
  endShift: done,
  checkPin: () => Promise.resolve(say("Name and PIN do not belong together.")),
  forget: () => Promise.resolve(),
  takeOver: () => undefined,
  chooseGate: () => undefined,
  setDirection: () => undefined,
  setPeople: () => undefined,
  setPreviewing: () => undefined,
  scan: () => undefined,
  typed: () => undefined,
  dismiss: () => undefined,
  identityChecked: () => undefined,
  admitMore: () => undefined,
  annul: () => Promise.resolve(say("Only possible within 15 minutes of the entry.")),
  override: () => Promise.resolve(say("Name and PIN do not belong together.")),
  search: () => Promise.resolve({ tickets: FOUND, more: true }),
  story: () => Promise.resolve(STORY),
  flow: () => Promise.resolve(FLOW),
  set: () => undefined,
  showCamera: () => () => undefined,
  setTorch: () => undefined,
  wake: () => undefined,
  setSelfTest: () => undefined,
  install: () => Promise.resolve(),
  update: () => undefined,
};
