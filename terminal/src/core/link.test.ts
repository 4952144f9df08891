import { describe, expect, test } from "vitest";
import { ask, firstLink, observed } from "./link";

describe("the link to the host", () => {
  test("is unknown before the first answer", () => {
    expect(firstLink(1_000)).toEqual({ state: "asking", sinceMs: 1_000, askedMs: 1_000 });
  });

  test("begins anew when the state changes and stays while it does not", () => {
    const up = observed(firstLink(1_000), true, 1_200);
    expect(up).toEqual({ state: "reachable", sinceMs: 1_200, askedMs: 1_200 });
    const still = observed(up, true, 6_200);
    expect(still).toEqual({ state: "reachable", sinceMs: 1_200, askedMs: 6_200 });
    const down = observed(still, false, 11_200);
    expect(down).toEqual({ state: "unreachable", sinceMs: 11_200, askedMs: 11_200 });
  });

  test("a refusal, an error and a broken network all count as unreachable", async () => {
    expect(await ask(async () => new Response("ok"))).toBe(true);
    expect(await ask(async () => new Response("", { status: 503 }))).toBe(false);
    expect(await ask(() => Promise.reject(new TypeError("network")))).toBe(false);
  });
});
