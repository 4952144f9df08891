import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeHost, problem } from "../testing/fake_host";
import { Calls, Fault } from "./calls";
import { Clock } from "./clock";
import { RENEW_BEFORE_MS, SignOn, pairingCode } from "./sign_on";
import { Store } from "./store";

let host: FakeHost;
let store: Store;
let wallMs: number;
let steadyMs: number;
let told: string[];
let signOn: SignOn;
let clock: Clock;

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  host = new FakeHost();
  store = await Store.open(() => undefined);
  // A phone whose clock stands in 2001.
  wallMs = 1_000_000_000_000;
  steadyMs = 0;
  told = [];
  clock = new Clock(
    () => wallMs,
    () => steadyMs,
  );
  const calls = new Calls(
    (...what) => host.fetch(...what),
    () => "en",
    () => undefined,
  );
  signOn = new SignOn(
    calls,
    store,
    clock,
    {
      signedOn: () => told.push("signed on"),
      shiftOver: () => told.push("shift over"),
      withdrawn: () => told.push("withdrawn"),
    },
    "1.0",
  );
});

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (fault) {
    if (fault instanceof Fault) return fault.code || fault.kind;
  }
  return "no fault";
}

const pass = (ms: number) => {
  steadyMs += ms;
  host.nowMs += ms;
};
const tokensAsked = () => host.asked.filter(({ path }) => path === "/terminals/token");

describe("pairing", () => {
  test("gives an identity and a key that cannot be read out", async () => {
    await signOn.pair("ABCDE12345");
    expect(store.get("identity")?.terminal.id).toBe("t1");
    const key = store.get("key");
    expect(key?.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("jwk", key?.privateKey as CryptoKey)).rejects.toThrow();
    expect(host.key).toMatchObject({ kty: "EC", crv: "P-256" });
  });

  test("asks again with the same key and id when the reply got lost", async () => {
    host.accidents.push("lost_answer");
    expect(await codeOf(signOn.pair("ABCDE12345"))).toBe("unreachable");
    await signOn.pair("ABCDE12345");
    const [first, second] = host.asked;
    expect(second?.body).toEqual(first?.body);
  });

  test("makes a fresh key for another code", async () => {
    host.accidents.push("lost_answer");
    await codeOf(signOn.pair("ABCDE12345"));
    await signOn.pair("ABCDE12346");
    const [first, second] = host.asked;
    expect(second?.body["key"]).not.toEqual(first?.body["key"]);
    expect(second?.body["request_id"]).not.toBe(first?.body["request_id"]);
  });

  test.each([
    ["https://paifang-x.local:8443/terminal/#pair=ABCDE12345", "ABCDE12345"],
    ["abcde-12345", "ABCDE12345"],
    ["ABCDE 1234O", "ABCDE12340"],
    ["abcdu-i234l", "ABCDV12341"],
    ["ＡＢＣＤＥ１２３４５", "ABCDE12345"],
    ["https://example.org/", null],
    ["ABCDE1234", null],
    ["", null],
  ])("%j holds the code %j", (text, code) => {
    expect(pairingCode(text)).toBe(code);
  });
});

describe("sign-on", () => {
  test("works with any clock of the phone, and the shift renews without a PIN", async () => {
    await signOn.pair("ABCDE12345");
    const answer = await signOn.begin({ staff: "amy", pin: "1234" });
    expect(answer.staff?.name).toBe("Amy");
    expect(store.get("knownStaff")).toEqual(["amy"]);
    expect(clock.hostMs()).toBe(host.nowMs);
    expect(await signOn.token()).toBe("token-1");
    pass(host.tokenLifeMs + 1);
    expect(await signOn.token()).toBe("token-2");
    expect(tokensAsked().at(-1)?.body).toMatchObject({ shift: "shift-of-amy" });
    expect(tokensAsked().at(-1)?.body).not.toHaveProperty("pin");
  });

  test("renews before the token ends, and nobody waits for it", async () => {
    await signOn.pair("ABCDE12345");
    await signOn.begin({ staff: "amy", pin: "1234" });
    pass(host.tokenLifeMs - RENEW_BEFORE_MS + 1);
    expect(signOn.dueMs).toBe(0);
    expect(await signOn.token()).toBe("token-1");
    await signOn.renew();
    expect(await signOn.token()).toBe("token-2");
    expect(tokensAsked()).toHaveLength(2);
  });

  test("many who ask at once share one proof", async () => {
    await signOn.pair("ABCDE12345");
    const tokens = await Promise.all([signOn.token(), signOn.token(), signOn.token()]);
    expect(new Set(tokens)).toEqual(new Set(["token-1"]));
  });

  test("a proof whose reply got lost is made anew, not replayed", async () => {
    await signOn.pair("ABCDE12345");
    host.accidents.push(null, "lost_answer");
    expect(await codeOf(signOn.begin({ staff: "amy", pin: "1234" }))).toBe("unreachable");
    await signOn.begin({ staff: "amy", pin: "1234" });
    const challenges = tokensAsked().map(({ body }) => body["challenge"]);
    expect(new Set(challenges).size).toBe(2);
  });

  test("a wrong PIN begins nothing", async () => {
    await signOn.pair("ABCDE12345");
    expect(await codeOf(signOn.begin({ staff: "amy", pin: "9999" }))).toBe("pin_wrong");
    expect(await codeOf(signOn.check("amy", "9999"))).toBe("pin_wrong");
    await signOn.check("amy", "1234");
    expect(store.get("shift")).toBeNull();
    expect(told).toEqual([]);
  });

  test("a proof made by another key is refused, and the page says it is withdrawn", async () => {
    await signOn.pair("ABCDE12345");
    host.key = null;
    expect(await codeOf(signOn.token())).toBe("proof_wrong");
    expect(told).toEqual(["withdrawn"]);
    expect(store.get("revoked")).toBe(true);
  });

  test("a shift that is over asks for somebody, and keeps the identity", async () => {
    await signOn.pair("ABCDE12345");
    await signOn.begin({ staff: "amy", pin: "1234" });
    host.answers.set("/terminals/token", () => problem(401, "shift_over"));
    pass(host.tokenLifeMs + 1);
    expect(await codeOf(signOn.token())).toBe("shift_over");
    expect(told).toEqual(["signed on", "shift over"]);
    expect(store.get("shift")).toBeNull();
    expect(store.get("identity")).not.toBeNull();
  });

  test("a terminal revoked in mid-scan says so and gives up its shift", async () => {
    await signOn.pair("ABCDE12345");
    await signOn.begin({ staff: "amy", pin: "1234" });
    const revoked = new Fault("refused", "token_revoked", { text: "x", values: {} });
    expect(await signOn.heed(revoked)).toBe(true);
    expect(told).toEqual(["signed on", "withdrawn"]);
    expect(store.get("shift")).toBeNull();
  });

  test("an expired token is fetched anew, another refusal is left to the caller", async () => {
    await signOn.pair("ABCDE12345");
    await signOn.begin({ staff: "amy", pin: "1234" });
    const fault = (code: string) => new Fault("refused", code, { text: "x", values: {} });
    expect(await signOn.heed(fault("token_expired"))).toBe(true);
    expect(await signOn.token()).toBe("token-2");
    expect(await signOn.heed(fault("gate_not_allowed"))).toBe(false);
  });

  test("after the end of a shift no token comes of it", async () => {
    await signOn.pair("ABCDE12345");
    await signOn.begin({ staff: "amy", pin: "1234" });
    await signOn.end();
    expect(store.get("shift")).toBeNull();
    await signOn.token();
    expect(tokensAsked().at(-1)?.body).not.toHaveProperty("shift");
  });

  test("who is not paired proves nothing", async () => {
    expect(await codeOf(signOn.token())).toBe("not_paired");
  });
});
