/**
 * Who this terminal is and who stands at it: pairing, token by proof of key, shift.
 *
 * Every proof is made for a fresh challenge of the host, so that nothing depends on this device's
 * clock; the token's life is counted by the steady clock of the page.
 */

import { type Calls, Fault, PATIENT_MS } from "./calls";
import type { Clock } from "./clock";
import { makeKey, publicKey, sign } from "./device_key";
import { mintId } from "./requests";
import type { Store } from "./store";
import type { ChallengeAnswer, PairedAnswer, TokenAnswer } from "./types";
import { type Said, say } from "./words";

/** A token is renewed so long before it ends. */
export const RENEW_BEFORE_MS = 5 * 60_000;
const KNOWN_STAFF_MAX = 8;
// The challenge was late, or its answer got lost after the host had taken the proof.
const ASK_ANEW = new Set(["challenge_late", "proof_used"]);
/** The host no longer knows this device. */
const WITHDRAWN = new Set(["token_revoked", "proof_wrong", "terminal_unknown"]);
/** The shift cannot go on; the device can. */
const SHIFT_ENDED = new Set(["shift_over", "staff_unknown"]);

/** Who signs on, and by what. */
export type Who =
  | { readonly staff: string; readonly pin: string }
  | { readonly card: string }
  | { readonly shift: string };

export interface Told {
  /** Terminal, staff, shift as of a new token. */
  readonly signedOn: (answer: TokenAnswer) => void;
  /** The shift is over; somebody must sign on. */
  readonly shiftOver: (said: Said) => void;
  readonly withdrawn: (said: Said) => void;
}

interface Held {
  readonly token: string;
  /** By the steady clock. */
  readonly untilMs: number;
}

export class SignOn {
  private held: Held | null = null;
  private renewing: Promise<string> | null = null;

  constructor(
    private readonly calls: Calls,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly told: Told,
    private readonly version: string,
  ) {}

  /**
   * Trade a one-time code for an identity. A reply that got lost is asked for again with the same
   * key and id, and gets the same answer. @throws Fault
   */
  async pair(code: string): Promise<PairedAnswer> {
    let begun = this.store.get("pairing");
    if (begun?.code !== code) {
      begun = { code, requestId: mintId() };
      await this.store.put("key", await makeKey());
      await this.store.put("pairing", begun);
    }
    const pair = this.store.get("key") ?? (await this.newKey());
    const body = {
      code,
      key: await publicKey(pair),
      version: this.version,
      request_id: begun.requestId,
    };
    const askedMs = this.clock.steadyMs();
    const answer = await this.calls.once<PairedAnswer>("/terminals/pair", {
      body,
      timeoutMs: PATIENT_MS,
    });
    this.clock.learn(answer.now_ms, askedMs);
    await this.store.drop("pairing", "shift", "revoked");
    await this.store.put("identity", { terminal: answer.terminal, node: answer.node });
    this.held = null;
    return answer;
  }

  /** Begin a shift. @throws Fault */
  async begin(who: Exclude<Who, { shift: string }>): Promise<TokenAnswer> {
    const answer = await this.prove(who);
    await this.keep(answer);
    return answer;
  }

  /** Whether name and PIN belong together; begins nothing here. @throws Fault */
  async check(staff: string, pin: string): Promise<void> {
    await this.prove({ staff, pin });
  }

  /** Somebody leaves: the shift's text is forgotten, so that no token comes of it any more. */
  async end(): Promise<void> {
    const token = this.held?.token ?? "";
    this.held = null;
    await this.store.drop("shift");
    if (token !== "") {
      const body = { request_id: mintId() };
      await this.calls.once("/terminals/sign-off", { body, token, timeoutMs: PATIENT_MS });
    }
  }

  /** A token that still lives; renewed behind the scenes shortly before it ends. @throws Fault */
  async token(): Promise<string> {
    const leftMs = (this.held?.untilMs ?? 0) - this.clock.steadyMs();
    if (this.held !== null && leftMs > 0) {
      if (leftMs < RENEW_BEFORE_MS) this.renew().catch(() => undefined);
      return this.held.token;
    }
    return this.renew();
  }

  /** How long until the next renewal is due, in ms. */
  get dueMs(): number {
    return Math.max(0, (this.held?.untilMs ?? 0) - RENEW_BEFORE_MS - this.clock.steadyMs());
  }

  /** The token was refused: the next call gets a fresh one. */
  distrust(): void {
    this.held = null;
  }

  /** A fresh token, by the shift if there is one; many who ask at once share one proof. */
  renew(): Promise<string> {
    this.renewing ??= this.renewOnce().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** What a refusal of any call means for this terminal; true if it has been dealt with here. */
  async heed(fault: Fault): Promise<boolean> {
    if (fault.code === "token_expired" || fault.code === "token_unknown") {
      this.distrust();
      return true;
    }
    if (fault.code === "token_revoked") {
      await this.withdrawn(fault.said);
      return true;
    }
    return false;
  }

  private async renewOnce(): Promise<string> {
    const shift = this.store.get("shift");
    try {
      const answer = await this.prove(shift === null ? null : { shift: shift.shift });
      await this.keep(answer);
      return answer.token;
    } catch (fault) {
      if (fault instanceof Fault && shift !== null && SHIFT_ENDED.has(fault.code)) {
        await this.store.drop("shift");
        this.held = null;
        this.told.shiftOver(say("The shift is over. Sign on to go on."));
      }
      if (fault instanceof Fault && WITHDRAWN.has(fault.code)) await this.withdrawn(fault.said);
      throw fault;
    }
  }

  private async withdrawn(said: Said): Promise<void> {
    this.held = null;
    await this.store.drop("shift");
    await this.store.put("revoked", true);
    this.told.withdrawn(said);
  }

  private async keep(answer: TokenAnswer): Promise<void> {
    const lifeMs = answer.until_ms - answer.now_ms;
    this.held = { token: answer.token, untilMs: this.clock.steadyMs() + lifeMs };
    await this.store.put("identity", { terminal: answer.terminal, node: answer.node });
    if (answer.shift !== undefined && answer.staff !== undefined) {
      const { shift, staff } = answer;
      await this.store.put("shift", { shift, staff, untilMs: answer.shift_until_ms ?? 0 });
      const known = this.store.get("knownStaff") ?? [];
      const others = known.filter((name) => name !== staff.username);
      const names = [staff.username, ...others].slice(0, KNOWN_STAFF_MAX);
      await this.store.put("knownStaff", names);
    }
    this.told.signedOn(answer);
  }

  /** Ask for a challenge, sign it, and trade the proof for a token. @throws Fault */
  private async prove(who: Who | null): Promise<TokenAnswer> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.proveOnce(who);
      } catch (fault) {
        if (!(fault instanceof Fault) || !ASK_ANEW.has(fault.code) || tries >= 3) throw fault;
      }
    }
  }

  private async proveOnce(who: Who | null): Promise<TokenAnswer> {
    const identity = this.store.get("identity");
    const pair = this.store.get("key");
    if (identity === null || pair === null) {
      throw new Fault("refused", "not_paired", say("This device is not paired."));
    }
    const terminal = identity.terminal.id;
    let askedMs = this.clock.steadyMs();
    const asked = await this.calls.once<ChallengeAnswer>("/terminals/challenge", {
      body: { terminal },
      timeoutMs: PATIENT_MS,
    });
    this.clock.learn(asked.now_ms, askedMs);
    const { challenge } = asked;
    const staff = who !== null && "staff" in who ? who.staff : "";
    const shift = who !== null && "shift" in who ? who.shift : "";
    const signature = await sign(pair, { terminal, challenge, staff, shift });
    askedMs = this.clock.steadyMs();
    const answer = await this.calls.once<TokenAnswer>("/terminals/token", {
      body: { terminal, challenge, signature, version: this.version, ...who },
      timeoutMs: PATIENT_MS,
    });
    this.clock.learn(answer.now_ms, askedMs);
    return answer;
  }

  private async newKey(): Promise<CryptoKeyPair> {
    const pair = await makeKey();
    await this.store.put("key", pair);
    return pair;
  }
}

const CODE = /^[0-9A-HJKMNP-TV-Z]{10}$/;

/**
 * The pairing code in what was typed, scanned or stands in the address; null if there is none.
 * People type O for 0 and put blanks and hyphens; the QR holds an address with `#pair=CODE`.
 */
export function pairingCode(text: string): string | null {
  const marked = /#pair=([^&\s]*)/i.exec(text);
  const spelled = (marked?.[1] ?? text)
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[\s-]/g, "")
    .replace(/O/g, "0")
    .replace(/[IL]/g, "1")
    .replace(/U/g, "V");
  return CODE.test(spelled) ? spelled : null;
}
