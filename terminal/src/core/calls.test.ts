import { beforeEach, describe, expect, test } from "vitest";
import { FakeHost, problem } from "../testing/fake_host";
import { Calls, Fault, type Heard } from "./calls";

let host: FakeHost;
let heard: Heard["state"][];
let calls: Calls;

beforeEach(() => {
  host = new FakeHost();
  heard = [];
  calls = new Calls(
    (...what) => host.fetch(...what),
    () => "zh-Hans",
    (what) => heard.push(what.state),
  );
});

const body = { code: "A", request_id: "r1", direction: "entry", count: 1 };
const token = async () => "secret";

async function faultOf(call: Promise<unknown>): Promise<Fault> {
  try {
    await call;
  } catch (fault) {
    if (fault instanceof Fault) return fault;
  }
  throw new Error("there was no fault");
}

describe("calls", () => {
  test("carry the token and the reader's language", async () => {
    await calls.once("/admissions", { body, token: "secret" });
    const { headers } = host.asked[0] ?? { headers: new Headers() };
    expect(headers.get("authorization")).toBe("Bearer secret");
    expect(headers.get("accept-language")).toBe("zh-Hans");
    expect(heard).toEqual(["connected"]);
  });

  test("tell a host that is not there from one that is busy and one that says no", async () => {
    host.accidents.push("lost_request");
    expect((await faultOf(calls.once("/admissions", { body }))).kind).toBe("unreachable");
    host.answers.set("/admissions", () => problem(503, "queue_full", 2));
    const busy = await faultOf(calls.once("/admissions", { body }));
    expect(busy).toMatchObject({ kind: "busy", code: "queue_full", retryAfterMs: 2_000 });
    host.answers.set("/admissions", () => problem(403, "gate_not_allowed"));
    const refused = await faultOf(calls.once("/admissions", { body }));
    expect(refused).toMatchObject({ kind: "refused", code: "gate_not_allowed" });
    expect(refused.said).toMatchObject({ text: "Because of gate_not_allowed.", translated: true });
    expect(heard).toEqual(["unreachable", "refusing", "connected"]);
  });

  test("too many wrong PINs is an answer and is not asked again", async () => {
    host.answers.set("/x", () => problem(429, "too_many_tries", 60));
    expect((await faultOf(calls.once("/x", { body }))).kind).toBe("refused");
  });

  test("an answer that is no problem document still has words", async () => {
    const bare = new Calls(
      async () => new Response("<h1>Bad gateway</h1>", { status: 502 }),
      () => "en",
      () => undefined,
    );
    const fault = await faultOf(bare.once("/x"));
    expect(fault).toMatchObject({ kind: "busy", code: "http_502" });
    expect(fault.said.values).toEqual({ status: "502" });
  });

  test("silence is over after the time limit", async () => {
    host.accidents.push("hangs");
    const fault = await faultOf(calls.once("/admissions", { body, timeoutMs: 20 }));
    expect(fault.kind).toBe("unreachable");
  });

  test("an answer that breaks off is none", async () => {
    const broken = new Calls(
      async () => new Response('{"decision": "ad'),
      () => "en",
      (what) => heard.push(what.state),
    );
    expect((await faultOf(broken.once("/x"))).kind).toBe("unreachable");
    expect(heard.at(-1)).toBe("unreachable");
  });

  test("a reply lost after the decision: same id, one admission", async () => {
    host.accidents.push("lost_answer", "lost_request");
    const troubles: number[] = [];
    const { signal } = new AbortController();
    const answer = await calls.until<{ decision: string }>(
      "/admissions",
      body,
      token,
      (_, tries) => troubles.push(tries),
      signal,
    );
    expect(answer.decision).toBe("admit");
    expect(troubles).toEqual([1, 2]);
    expect(host.decided.size).toBe(1);
    expect(host.asked.map((one) => one.body["request_id"])).toEqual(["r1", "r1"]);
  });

  test("a final no ends the asking, and so does the signal", async () => {
    const { signal } = new AbortController();
    host.answers.set("/admissions", () => problem(409, "id_conflict"));
    const no = await faultOf(calls.until("/admissions", body, token, () => undefined, signal));
    expect(no.code).toBe("id_conflict");
    host.answers.set("/admissions", () => problem(503, "stopping"));
    const control = new AbortController();
    const asking = calls.until("/admissions", body, token, () => control.abort(), control.signal);
    expect((await faultOf(asking)).code).toBe("stopping");
  });
});
