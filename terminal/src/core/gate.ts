/**
 * What happens to a text that was scanned or typed at a gate, until its verdict stands.
 *
 * Strict: the host decides. A wish is kept with its id before it is sent and until it is answered,
 * also over a reload; while the line is down and one waits, no further one is taken.
 */

import type { AppState } from "./app";
import { type Calls, Fault, PATIENT_MS } from "./calls";
import type { Clock } from "./clock";
import { CODE_CHARS_MAX } from "./codes/text";
import { painted } from "./painted";
import { type PendingRequest, mintId } from "./requests";
import type { SignOn } from "./sign_on";
import { pairingCode } from "./sign_on";
import type { Cell } from "./state";
import type { Store } from "./store";
import type {
  AdmissionAnswer,
  AdmissionBody,
  FaceCheck,
  Face,
  Kind,
  Recent,
  Verdict,
  Via,
} from "./types";
import {
  type Shown,
  answered,
  impossible,
  notTaken,
  recentOf,
  refusedHere,
  waiting,
} from "./verdicts";
import { type Said, say } from "./words";

/** An answer that comes sooner needs no "asking" before it. */
const ASKING_AFTER_MS = 300;
const HINT_MS = 4_000;
const ACT_TRIES = 3;
const RENEWALS_MAX = 2;
const NOT_TAKEN = say("This scan was not taken. Scan again when the host answers.");
const SIGN_ON_FIRST = new Set(["shift_over", "token_revoked", "proof_wrong", "not_paired"]);

/** What a person or a scanner wants decided. */
export interface Wish {
  readonly text: string;
  readonly kind: Kind;
  readonly via: Via;
  readonly people: number;
  readonly faceCheck?: FaceCheck;
}

export interface GateParts {
  readonly cell: Cell<AppState>;
  readonly calls: Calls;
  readonly signOn: SignOn;
  readonly store: Store;
  readonly clock: Clock;
  readonly feel: (face: Face) => void;
}

export class Gate {
  /** The wish whose verdict is on the screen. */
  private last: Wish | null = null;
  /** The one that is being asked, and the one that came while it was. */
  private asking: string | null = null;
  private next: Wish | null = null;
  private readonly askings = new Map<string, AbortController>();
  /** Ids of acts a person may press twice, until they are answered. */
  private readonly acts = new Map<string, string>();
  private hintTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly parts: GateParts) {}

  /** Go on asking what was not answered before the page was closed. */
  resume(): void {
    const requests = this.parts.store.requests.filter(({ id }) => !this.askings.has(id));
    const front = requests
      .filter(({ kind, givenUp }) => kind === "admission" && !givenUp)
      .at(-1);
    for (const request of requests) {
      const shown = request === front ? shownOf(request) : null;
      if (shown !== null) {
        this.asking = request.id;
        this.show(waiting(shown, null, this.now()));
      }
      void this.settle(request);
    }
    this.count();
  }

  /** Stop asking, without forgetting what is asked (another tab leads, the shift is over). */
  pause(): void {
    for (const control of this.askings.values()) control.abort();
    this.asking = null;
    this.next = null;
  }

  /** Whether an answer is being waited for, or one has not been kept yet. */
  get busy(): boolean {
    return this.asking !== null || this.askings.size > 0;
  }

  submit(wish: Wish): void {
    const { gate, previewing, terminal, link } = this.state;
    const text = wish.text;
    if (text.trim() === "" || gate === null || terminal === null) return;
    if (/#pair=/i.test(text) && pairingCode(text) !== null) {
      this.hint(say("This is a pairing code for terminals, not a ticket."));
      return;
    }
    const preview = previewing || (terminal.role !== "gate" && terminal.role !== "kiosk");
    const shown = this.shownFor(wish, preview);
    if ([...text].length > CODE_CHARS_MAX) {
      this.last = null;
      this.show(refusedHere(shown, "malformed", this.now()));
      return;
    }
    if (this.asking !== null) {
      if (link.state === "connected") this.next = wish;
      else this.hint(NOT_TAKEN);
      return;
    }
    if (link.state === "unreachable" && this.parts.store.requests.length > 0) {
      this.show(notTaken(shown, this.now()));
      return;
    }
    this.last = wish;
    void (preview ? this.preview(shown, wish) : this.admit(shown, wish));
  }

  /** Away with the verdict. One that is awaited is given up: what it lets in was not shown. */
  dismiss(): void {
    const { verdict } = this.state;
    if (verdict !== null && verdict.id === this.asking) {
      const request = this.parts.store.requests.find(({ id }) => id === verdict.id);
      if (request !== undefined) {
        void this.parts.store.putRequest({ ...request, givenUp: true });
      } else {
        this.askings.get(verdict.id)?.abort();
      }
      this.asking = null;
    }
    this.parts.cell.patch({ verdict: null });
  }

  identityChecked(matches: boolean): void {
    if (this.last === null) return;
    this.submit({ ...this.last, faceCheck: matches ? "staff" : "mismatch" });
  }

  admitMore(people: number): void {
    if (this.last === null) return;
    this.submit({ ...this.last, people });
  }

  async annul(id: string, reason: string, username = "", pin = ""): Promise<Said | null> {
    const act = `annul ${id}`;
    const body = {
      reason_text: reason,
      request_id: this.actId(act),
      ...(username === "" ? {} : { staff: username }),
      ...(pin === "" ? {} : { pin }),
    };
    const no = await this.attempt(act, `/admissions/${encodeURIComponent(id)}/annul`, body);
    if (no instanceof Fault) return no.said;
    const line = this.state.recent.find((one) => one.id === id);
    if (line !== undefined) await this.remember({ ...line, undone: true, mayUndo: false });
    if (this.state.verdict?.id === id) this.parts.cell.patch({ verdict: null });
    return null;
  }

  async override(username: string, pin: string, reason: string): Promise<Said | null> {
    const { verdict } = this.state;
    if (this.last === null || verdict === null) return say("Scan the ticket again.");
    const act = `override ${verdict.id}`;
    const shown = { ...this.shownFor(this.last, false), id: this.actId(act) };
    const body = {
      // Of the wish, not of the verdict: a refusal is one for nobody.
      ...this.bodyOf(shown, this.last),
      staff: username,
      pin,
      reason_text: reason,
    };
    const answer = await this.attempt<AdmissionAnswer>(act, "/admissions/override", body);
    if (answer instanceof Fault) return answer.said;
    await this.decided(shown, answer);
    return null;
  }

  hint(said: Said): void {
    clearTimeout(this.hintTimer);
    this.parts.cell.patch({ hint: said });
    this.hintTimer = setTimeout(() => this.parts.cell.patch({ hint: null }), HINT_MS);
  }

  private async preview(shown: Shown, wish: Wish): Promise<void> {
    const control = new AbortController();
    this.askings.set(shown.id, control);
    this.asking = shown.id;
    this.askSoon(shown);
    try {
      const token = await this.parts.signOn.token();
      const body = this.bodyOf(shown, wish);
      const { signal } = control;
      const answer = await this.parts.calls.once<AdmissionAnswer>("/admissions/preview", {
        body,
        token,
        signal,
      });
      if (!control.signal.aborted) {
        const verdict = answered(shown, answer, this.now());
        this.show(verdict);
        this.parts.feel(verdict.face);
      }
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      if (!control.signal.aborted && !(await this.parts.signOn.heed(fault))) {
        this.show(impossible(shown, fault, this.now()));
        this.parts.feel("refuse");
      } else if (this.state.verdict?.id === shown.id) {
        this.parts.cell.patch({ verdict: null });
      }
    } finally {
      this.askings.delete(shown.id);
      this.done(shown.id);
    }
  }

  private async admit(shown: Shown, wish: Wish): Promise<void> {
    const request: PendingRequest = {
      id: shown.id,
      path: "/admissions",
      body: this.bodyOf(shown, wish),
      atMs: this.now(),
      kind: "admission",
      via: wish.via,
      givenUp: false,
    };
    this.asking = shown.id;
    this.askSoon(shown);
    this.parts.cell.patch({ people: 1 });
    // Handed over before it is asked. What waits in the store is told from the first trouble on.
    void this.parts.store.putRequest(request);
    await this.settle(request);
  }

  /** Ask until answered, and do what follows from the answer. */
  private async settle(request: PendingRequest, renewals = 0): Promise<void> {
    const { signOn, calls, store } = this.parts;
    const control = new AbortController();
    this.askings.set(request.id, control);
    try {
      const answer = await calls.until<AdmissionAnswer>(
        request.path,
        request.body,
        () => signOn.token(),
        (fault) => this.late(request, fault),
        control.signal,
      );
      await this.answered(request, answer);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      if (control.signal.aborted) return;
      const heeded = await signOn.heed(fault);
      // Nobody stands here any more: it is asked again after the next sign-on.
      if (SIGN_ON_FIRST.has(fault.code)) {
        if (this.asking === request.id) this.parts.cell.patch({ verdict: null });
        return;
      }
      if (heeded && renewals < RENEWALS_MAX) return await this.settle(request, renewals + 1);
      await store.dropRequest(request.id);
      await this.refused(request, fault);
    } finally {
      if (this.askings.get(request.id) === control) this.askings.delete(request.id);
      this.count();
      this.done(request.id);
    }
  }

  private async answered(request: PendingRequest, answer: AdmissionAnswer): Promise<void> {
    const { store } = this.parts;
    const givenUp = store.requests.find(({ id }) => id === request.id)?.givenUp ?? false;
    if (request.kind !== "admission") return await store.dropRequest(request.id);
    if (givenUp && answer.decision === "admit") await this.reportNotShown(request);
    await this.decided(shownOf(request), answer, givenUp);
    await store.seeEpoch(answer.node, answer.epoch);
  }

  /** A decision stands: on the screen, to be heard and felt, in the list, and asked no more. */
  private async decided(shown: Shown, answer: AdmissionAnswer, unseen = false): Promise<void> {
    const verdict = answered(shown, answer, this.now());
    if (!unseen) {
      this.show(verdict);
      await painted();
      this.parts.feel(verdict.face);
      this.done(shown.id);
      // What was painted is shown with the next frame: the list, which nobody sees now, waits.
      await painted();
    }
    const line = recentOf(shown, verdict);
    await this.remember(
      unseen ? { ...line, undone: line.mayUndo, mayUndo: false } : line,
      shown.id,
    );
  }

  /** Somebody was let in by an answer nobody waited for: the gate stayed shut. */
  private async reportNotShown(admission: PendingRequest): Promise<void> {
    const id = mintId();
    const report: PendingRequest = {
      id,
      path: `/admissions/${encodeURIComponent(admission.id)}/passage`,
      body: { result: "not_shown", request_id: id },
      atMs: this.now(),
      kind: "passage",
      via: admission.via,
      givenUp: true,
    };
    await this.parts.store.putRequest(report);
    void this.settle(report);
  }

  private async refused(request: PendingRequest, fault: Fault): Promise<void> {
    if (request.id !== this.asking) return;
    this.show(impossible(shownOf(request), fault, this.now()));
    this.parts.feel("refuse");
  }

  private late(request: PendingRequest, fault: Fault): void {
    this.count();
    if (request.id !== this.asking) return;
    if (this.next !== null) this.hint(NOT_TAKEN);
    this.next = null;
    const { verdict } = this.state;
    if (verdict?.word.text !== waiting(shownOf(request), fault, 0).word.text) {
      this.parts.feel("wait");
    }
    this.show(waiting(shownOf(request), fault, verdict?.shownMs ?? this.now()));
  }

  private askSoon(shown: Shown): void {
    setTimeout(() => {
      if (this.asking === shown.id && this.state.verdict?.id !== shown.id) {
        this.show(waiting(shown, null, this.now()));
      }
    }, ASKING_AFTER_MS);
  }

  private done(id: string): void {
    if (this.asking === id) this.asking = null;
    const { next } = this;
    if (this.asking !== null || next === null) return;
    this.next = null;
    this.submit(next);
  }

  /** One act of a person, tried a few times with one id; the answer, or why not. */
  private async attempt<T>(
    act: string,
    path: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<T | Fault> {
    const { calls, signOn } = this.parts;
    for (let tries = 1; ; tries += 1) {
      try {
        const token = await signOn.token();
        const answer = await calls.once<T>(path, { body, token, timeoutMs: PATIENT_MS });
        this.acts.delete(act);
        return answer;
      } catch (fault) {
        if (!(fault instanceof Fault)) throw fault;
        const heeded = await signOn.heed(fault);
        const again = (heeded && fault.code !== "token_revoked") || fault.kind !== "refused";
        if (again && tries < ACT_TRIES) continue;
        // A refusal is an answer: what is wished for next is another act. Silence is none.
        if (fault.kind === "refused") this.acts.delete(act);
        return fault;
      }
    }
  }

  private actId(act: string): string {
    const id = this.acts.get(act) ?? mintId();
    this.acts.set(act, id);
    return id;
  }

  private shownFor(wish: Wish, preview: boolean): Shown {
    const { direction } = this.state;
    const { text, via, people } = wish;
    return { id: mintId(), direction, people, preview, text, via };
  }

  private bodyOf(shown: Shown, wish: Wish): AdmissionBody & Record<string, unknown> {
    const { gate, staff } = this.state;
    return {
      code: wish.text,
      gate: gate?.slug ?? "",
      request_id: shown.id,
      direction: shown.direction,
      kind: wish.kind,
      count: wish.people,
      ...(wish.faceCheck === undefined ? {} : { face_check: wish.faceCheck }),
      ...(staff === null ? {} : { staff: staff.username }),
    };
  }

  private show(verdict: Verdict): void {
    this.parts.cell.patch({ verdict });
  }

  private async remember(line: Recent, answered = ""): Promise<void> {
    const kept = this.parts.store.putRecent(line, answered);
    this.parts.cell.patch({ recent: this.parts.store.recent });
    await kept;
  }

  private count(): void {
    this.parts.cell.patch({ unsent: this.parts.store.requests.length });
  }

  private get state(): AppState {
    return this.parts.cell.get();
  }

  private now(): number {
    return this.parts.clock.nowMs();
  }
}

/** What the screen shows of a request that is kept. */
function shownOf(request: PendingRequest): Shown {
  const { code, direction, count } = request.body as Partial<AdmissionBody>;
  return {
    id: request.id,
    direction: direction ?? "entry",
    people: count ?? 1,
    preview: false,
    text: code ?? "",
    via: request.via,
  };
}
