import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { NORTH } from "../testing/fake_host";
import { makeKey } from "./device_key";
import type { PendingRequest } from "./requests";
import { Store, type StoreTrouble } from "./store";
import type { Recent } from "./types";

const request: PendingRequest = {
  id: "r1",
  path: "/admissions",
  body: { code: "A" },
  atMs: 5,
  kind: "admission",
  via: "wedge",
  givenUp: false,
};
const line = (id: string, atMs: number): Recent => ({
  id,
  atMs,
  face: "admit",
  reason: "ok",
  word: { text: "Welcome", values: {} },
  direction: "entry",
  people: 1,
  holder: "",
  product: "",
  product_zh: "",
  tail: "",
  via: "wedge",
  undone: false,
  mayUndo: true,
});

let troubles: (StoreTrouble | null)[];
const opened = () => Store.open((trouble) => troubles.push(trouble));

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  troubles = [];
});

describe("the store", () => {
  test("has after a reload what was in it before", async () => {
    const before = await opened();
    await before.put("identity", { terminal: NORTH, node: "n" });
    await before.put("key", await makeKey());
    await before.putRequest(request);
    await before.putRecent(line("a", 1));
    await before.putRecent(line("b", 2));
    expect(await before.seeEpoch("lease", 7)).toBe(true);
    before.close();
    const after = await opened();
    expect(after.get("identity")?.terminal.name).toBe("north-1");
    expect(after.get("key")?.privateKey.extractable).toBe(false);
    expect(after.requests).toEqual([request]);
    expect(after.recent.map(({ id }) => id)).toEqual(["b", "a"]);
    expect(await after.seeEpoch("lease", 6)).toBe(false);
    expect(await after.seeEpoch("lease", 7)).toBe(true);
    expect(troubles).toEqual([]);
  });

  test("keeps the last 200 decisions", async () => {
    const store = await opened();
    for (let at = 0; at < 205; at += 1) await store.putRecent(line(`r${at}`, at));
    store.close();
    const ids = (await opened()).recent.map(({ id }) => id);
    expect(ids).toHaveLength(200);
    expect(ids[0]).toBe("r204");
    expect(ids.at(-1)).toBe("r5");
  });

  test("that is full says so, goes on from memory, and says when there is room again", async () => {
    const store = await opened();
    const put = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("no room", "QuotaExceededError");
    });
    await store.putRequest(request);
    expect(store.requests).toEqual([request]);
    expect(troubles).toEqual(["full"]);
    put.mockRestore();
    await store.put("clockOffsetMs", 1);
    expect(troubles).toEqual(["full", null]);
  });

  test("that is refused is memory alone", async () => {
    globalThis.indexedDB = {
      open: () => {
        throw new DOMException("private window", "SecurityError");
      },
    } as unknown as IDBFactory;
    const store = await opened();
    expect(troubles).toEqual(["absent"]);
    await store.put("clockOffsetMs", 5);
    expect(store.get("clockOffsetMs")).toBe(5);
  });

  test("that is cleared under our feet is written anew", async () => {
    const store = await opened();
    await store.put("identity", { terminal: NORTH, node: "n" });
    await store.putRequest(request);
    // What a browser does that clears a site's data: the database is gone, the connection closed.
    const lost = store as unknown as { db: { close: () => void } };
    lost.db.close();
    globalThis.indexedDB = new IDBFactory();
    await store.put("clockOffsetMs", 5);
    expect(troubles).toContain("cleared");
    store.close();
    const after = await opened();
    expect(after.get("identity")?.node).toBe("n");
    expect(after.get("clockOffsetMs")).toBe(5);
    expect(after.requests).toEqual([request]);
  });

  test("forgets what makes a terminal and keeps the settings", async () => {
    const store = await opened();
    await store.put("identity", { terminal: NORTH, node: "n" });
    await store.put("clockOffsetMs", 5);
    await store.putRequest(request);
    await store.putRecent(line("a", 1));
    await store.forget();
    store.close();
    const after = await opened();
    expect(after.get("identity")).toBeNull();
    expect(after.requests).toEqual([]);
    expect(after.recent).toEqual([]);
    expect(after.get("clockOffsetMs")).toBe(5);
  });
});
