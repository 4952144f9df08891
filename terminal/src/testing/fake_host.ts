/**
 * A host in the same process, for the edges a real one cannot be brought to on purpose. It keeps
 * the rules of sign-on and of request ids; the real host is proved in tests/browser.
 */

import { proofText } from "../core/device_key";
import type { TerminalShown } from "../core/types";

export const NORTH: TerminalShown = {
  id: "t1",
  name: "north-1",
  role: "gate",
  staffed: true,
  gates: [
    {
      slug: "north",
      name: "North gate",
      name_zh: "北门",
      zone: "park",
      zone_name: "Park",
      zone_name_zh: "公园",
      directions: ["entry", "exit"],
    },
  ],
};

/** What happens to one request: before it reaches the host, or to its answer. */
export type Accident = "lost_request" | "lost_answer" | "hangs";

interface Asked {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

type Answer = { readonly status?: number; readonly body: unknown };

export class FakeHost {
  /** Host time, far from any clock of a test machine. */
  nowMs = 1_800_000_000_000;
  tokenLifeMs = 30 * 60_000;
  readonly asked: Asked[] = [];
  readonly accidents: (Accident | null)[] = [];
  readonly answers = new Map<string, (body: Record<string, unknown>) => Answer>();
  readonly decided = new Map<string, unknown>();
  key: JsonWebKey | null = null;
  private challenges = 0;
  private readonly proofs = new Set<string>();
  private tokens = 0;

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const path = (input as string).replace("/api/v1", "");
    const body = JSON.parse(typeof init.body === "string" ? init.body : "{}");
    const accident = this.accidents.shift() ?? null;
    if (accident === "lost_request") throw new TypeError("network");
    if (accident === "hangs") return hang(init.signal);
    this.asked.push({ path, body, headers: new Headers(init.headers) });
    const { status = 200, body: answer } = await this.answer(path, body);
    if (accident === "lost_answer") throw new TypeError("network");
    return Response.json(answer, { status });
  };

  private async answer(path: string, body: Record<string, unknown>): Promise<Answer> {
    const special = this.answers.get(path);
    if (special !== undefined) return special(body);
    if (path === "/terminals/pair") {
      this.key = body["key"] as JsonWebKey;
      return { body: { terminal: NORTH, node: "node-1", now_ms: this.nowMs } };
    }
    if (path === "/terminals/challenge") {
      this.challenges += 1;
      const challenge = `challenge-${this.challenges}`;
      return { body: { challenge, now_ms: this.nowMs, until_ms: this.nowMs + 60_000 } };
    }
    if (path === "/terminals/token") return this.token(body);
    if (path === "/admissions") return this.admission(body);
    if (path === "/terminals/sign-off") return { body: { ok: true } };
    return problem(404, "not_found");
  }

  private async token(body: Record<string, unknown>): Promise<Answer> {
    const challenge = String(body["challenge"]);
    if (this.proofs.has(challenge)) return problem(409, "proof_used");
    if (!(await this.isProof(body as Record<string, string>))) return problem(401, "proof_wrong");
    this.proofs.add(challenge);
    if ("pin" in body && body["pin"] !== "1234") return problem(403, "pin_wrong");
    this.tokens += 1;
    const signedOn = "pin" in body || "shift" in body || "card" in body;
    const shift = {
      shift: "shift-of-amy",
      shift_until_ms: this.nowMs + 16 * 3_600_000,
      staff: { username: "amy", name: "Amy", role: "steward" },
    };
    return {
      body: {
        token: `token-${this.tokens}`,
        until_ms: this.nowMs + this.tokenLifeMs,
        now_ms: this.nowMs,
        terminal: NORTH,
        node: "node-1",
        centre_version: 1,
        node_version: 1,
        ...(signedOn ? shift : {}),
      },
    };
  }

  private async isProof(body: Record<string, string | undefined>): Promise<boolean> {
    if (this.key === null) return false;
    const how = { name: "ECDSA", namedCurve: "P-256" };
    const key = await crypto.subtle.importKey("jwk", this.key, how, false, ["verify"]);
    const text = proofText({
      terminal: body["terminal"] ?? "",
      challenge: body["challenge"] ?? "",
      staff: body["staff"] ?? "",
      shift: body["shift"] ?? "",
    });
    const signature = String(body["signature"]).replaceAll("-", "+").replaceAll("_", "/");
    const octets = Uint8Array.from(atob(signature), (letter) => letter.charCodeAt(0));
    const message = new TextEncoder().encode(text);
    return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, octets, message);
  }

  /** Same id, same answer; the first of a code is admitted. */
  private admission(body: Record<string, unknown>): Answer {
    const id = String(body["request_id"]);
    const code = String(body["code"]);
    const before = this.decided.get(id);
    if (before !== undefined) return { body: before };
    const used = [...this.decided.values()].some((one) => (one as { code: string }).code === code);
    const answer = {
      code,
      decision: used ? "refuse" : "admit",
      reason: used ? "already_used" : "ok",
      request_id: id,
      direction: body["direction"],
      zone: "park",
      people: body["count"],
      basis: "lease",
      node: "node-1",
      epoch: 1,
      seq: this.decided.size + 1,
    };
    this.decided.set(id, answer);
    return { body: answer };
  }
}

export function problem(status: number, code: string, retryAfterS = 0): Answer {
  const words = { title: "No", detail: `Because of ${code}.` };
  return {
    status,
    body: { type: "about:blank", status, code, ...words, retry_after: retryAfterS },
  };
}

function hang(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });
}
