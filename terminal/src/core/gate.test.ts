import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { FakeHost, NORTH, problem } from "../testing/fake_host";
import type { AppState } from "./app";
import { Calls } from "./calls";
import { Clock } from "./clock";
import { Gate } from "./gate";
import { firstLine, heardOn } from "./line";
import { startSettings } from "./places";
import { CAMERA_OFF } from "./scanner/camera";
import { SignOn } from "./sign_on";
import { Cell } from "./state";
import { Store } from "./store";
import type { Face } from "./types";

let host: FakeHost;
let store: Store;
let cell: Cell<AppState>;
let gate: Gate;
let signOn: SignOn;
let felt: Face[];
let withdrawn: boolean;

const scan = (text: string) => gate.submit({ text, kind: "auto", via: "wedge", people: 1 });
const face = () => cell.get().verdict?.face ?? null;
const asked = (path: string) => host.asked.filter((one) => one.path === path);

/** A gate at work on what the store holds; a second call is the page after a reload. */
function make(): void {
  cell = new Cell<AppState>(stateAtWork());
  const calls = new Calls(
    (...what) => host.fetch(...what),
    () => "en",
    (heard) => cell.patch({ link: heardOn(cell.get().link, heard, Date.now()) }),
  );
  const clock = new Clock();
  signOn = new SignOn(
    calls,
    store,
    clock,
    {
      signedOn: () => undefined,
      shiftOver: () => undefined,
      withdrawn: () => {
        withdrawn = true;
      },
    },
    "1",
  );
  gate = new Gate({ cell, calls, signOn, store, clock, feel: (one) => felt.push(one) });
}

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  host = new FakeHost();
  felt = [];
  withdrawn = false;
  store = await Store.open(() => undefined);
  make();
  await signOn.pair("ABCDE12345");
  await signOn.begin({ staff: "amy", pin: "1234" });
});

describe("a gate", () => {
  test("admits, keeps the line, and forgets what was answered", async () => {
    scan("A");
    await vi.waitFor(() => expect(face()).toBe("admit"));
    await vi.waitFor(() => expect(cell.get().unsent).toBe(0));
    expect(store.recent).toMatchObject([{ face: "admit", mayUndo: true, via: "wedge" }]);
    expect(asked("/admissions")[0]?.body).toMatchObject({ gate: "north", staff: "amy", count: 1 });
    expect(felt).toEqual(["admit"]);
  });

  test("takes the next scan while the first is answered, in order", async () => {
    scan("A");
    scan("B");
    await vi.waitFor(() => expect(host.decided.size).toBe(2));
    expect(asked("/admissions").map(({ body }) => body["code"])).toEqual(["A", "B"]);
  });

  test("a reply lost after the decision: the same id, one admission, and it says so", async () => {
    host.accidents.push("lost_answer");
    scan("A");
    await vi.waitFor(() => expect(face()).toBe("wait"));
    expect(cell.get().verdict?.word.text).toBe("No connection");
    await vi.waitFor(() => expect(face()).toBe("admit"));
    expect(host.decided.size).toBe(1);
    expect(felt).toEqual(["wait", "admit"]);
  });

  test("what was in flight when the page was closed is asked again with its own id", async () => {
    host.accidents.push("lost_answer");
    scan("A");
    await vi.waitFor(() => expect(cell.get().link.state).toBe("unreachable"));
    gate.pause();
    const [pending] = store.requests;
    store.close();
    store = await Store.open(() => undefined);
    make();
    gate.resume();
    await vi.waitFor(() => expect(face()).toBe("admit"));
    expect(cell.get().verdict?.id).toBe(pending?.id);
    expect(host.decided.size).toBe(1);
  });

  test("takes no further scan while the line is down and one waits", async () => {
    host.accidents.push("lost_request");
    scan("A");
    await vi.waitFor(() => expect(cell.get().link.state).toBe("unreachable"));
    scan("B");
    expect(cell.get().hint?.text).toContain("not taken");
    await vi.waitFor(() => expect(face()).toBe("admit"));
    expect([...host.decided.values()]).toMatchObject([{ code: "A" }]);
  });

  test("what was given up and let in after all is reported as not shown", async () => {
    host.accidents.push("lost_answer");
    scan("A");
    await vi.waitFor(() => expect(face()).toBe("wait"));
    const id = cell.get().verdict?.id ?? "";
    host.answers.set(`/admissions/${id}/passage`, () => ({ body: { result: "not_shown" } }));
    gate.dismiss();
    expect(face()).toBeNull();
    await vi.waitFor(() => expect(asked(`/admissions/${id}/passage`)).toHaveLength(1));
    expect(asked(`/admissions/${id}/passage`)[0]?.body).toMatchObject({ result: "not_shown" });
    await vi.waitFor(() => expect(cell.get().unsent).toBe(0));
    expect(face()).toBeNull();
    expect(store.recent).toMatchObject([{ id, undone: true, mayUndo: false }]);
  });

  test("an ended token is replaced in mid-scan and nobody notices", async () => {
    host.answers.set("/admissions", () => {
      host.answers.delete("/admissions");
      return problem(401, "token_expired");
    });
    scan("A");
    await vi.waitFor(() => expect(face()).toBe("admit"));
    const tokens = asked("/admissions").map(({ headers }) => headers.get("authorization"));
    expect(new Set(tokens).size).toBe(2);
    expect(new Set(asked("/admissions").map(({ body }) => body["request_id"])).size).toBe(1);
  });

  test("a token that is refused again and again ends in words, not in a circle", async () => {
    host.answers.set("/admissions", () => problem(401, "token_unknown"));
    scan("A");
    await vi.waitFor(() => expect(face()).toBe("refuse"));
    expect(asked("/admissions").length).toBeLessThan(5);
  });

  test("revoked in mid-scan: withdrawn, and nothing is admitted", async () => {
    host.answers.set("/admissions", () => problem(401, "token_revoked"));
    scan("A");
    await vi.waitFor(() => expect(withdrawn).toBe(true));
    expect(host.decided.size).toBe(0);
  });

  test("a no that is not about the ticket has the host's words, and the next scan works", async () => {
    host.answers.set("/admissions", () => problem(403, "gate_not_allowed"));
    scan("A");
    await vi.waitFor(() => expect(face()).toBe("refuse"));
    expect(cell.get().verdict?.sentence?.text).toBe("Because of gate_not_allowed.");
    host.answers.delete("/admissions");
    await vi.waitFor(() => expect(gate.busy).toBe(false));
    scan("B");
    await vi.waitFor(() => expect(face()).toBe("admit"));
  });

  test("3,000 characters and a pairing code are refused without asking", async () => {
    scan("A".repeat(3_000));
    expect(cell.get().verdict).toMatchObject({ face: "refuse", reason: "malformed" });
    scan("https://paifang.local/terminal/#pair=ABCDE12345");
    expect(cell.get().hint?.text).toContain("pairing code");
    scan("   ");
    expect(asked("/admissions")).toHaveLength(0);
  });

  test("verify mode uses nothing up and keeps nothing", async () => {
    cell.patch({ previewing: true });
    host.answers.set("/admissions/preview", ({ request_id }) => ({
      body: { decision: "admit", reason: "ok", request_id, direction: "entry", people: 1 },
    }));
    scan("A");
    await vi.waitFor(() => expect(face()).toBe("admit"));
    expect(cell.get().verdict).toMatchObject({ preview: true, closesMs: 0 });
    expect(store.recent).toEqual([]);
    expect(host.decided.size).toBe(0);
  });

  test("an annulment whose reply got lost is asked again with its id", async () => {
    scan("A");
    await vi.waitFor(() => expect(store.recent).toHaveLength(1));
    const id = cell.get().verdict?.id ?? "";
    host.answers.set(`/admissions/${id}/annul`, () => ({ body: { uses_back: 1 } }));
    host.accidents.push("lost_answer");
    expect(await gate.annul(id, "left again")).toBeNull();
    const ids = asked(`/admissions/${id}/annul`).map(({ body }) => body["request_id"]);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    expect(store.recent).toMatchObject([{ id, undone: true, mayUndo: false }]);
    expect(face()).toBeNull();
  });

  test("a supervisor's wrong PIN says so; the right one admits, with the mark of it", async () => {
    scan("A");
    await vi.waitFor(() => expect(gate.busy).toBe(false));
    scan("A");
    await vi.waitFor(() => expect(face()).toBe("warn"));
    host.answers.set("/admissions/override", () => problem(403, "pin_wrong"));
    expect((await gate.override("sue", "0", "knows them"))?.text).toBe("Because of pin_wrong.");
    host.answers.set("/admissions/override", ({ request_id }) => ({
      body: { decision: "admit", reason: "ok", basis: "override", request_id, people: 1 },
    }));
    expect(await gate.override("sue", "1234", "knows them")).toBeNull();
    expect(cell.get().verdict).toMatchObject({ face: "admit", byOverride: true });
    expect(store.recent).toHaveLength(3);
    // The PIN is nowhere in the store.
    expect(JSON.stringify([store.recent, store.requests])).not.toContain("1234");
  });

  test("identity that was looked at is told with the same ticket", async () => {
    host.answers.set("/admissions", ({ request_id, face_check }) => ({
      body: {
        decision: face_check === "staff" ? "admit" : "attention",
        reason: face_check === "staff" ? "ok" : "identity_required",
        request_id,
        direction: "entry",
        people: 1,
      },
    }));
    scan("A");
    await vi.waitFor(() => expect(cell.get().verdict?.asksIdentity).toBe(true));
    await vi.waitFor(() => expect(gate.busy).toBe(false));
    gate.identityChecked(true);
    await vi.waitFor(() => expect(face()).toBe("admit"));
    gate.admitMore(2);
    await vi.waitFor(() => expect(asked("/admissions").at(-1)?.body["count"]).toBe(2));
  });
});

function stateAtWork(): AppState {
  const gateHere = NORTH.gates[0];
  if (gateHere === undefined) throw new Error("the fake terminal has a gate");
  return {
    phase: "working",
    link: { ...firstLine(0), state: "connected" },
    unsent: 0,
    terminal: NORTH,
    node: "node-1",
    staff: { username: "amy", name: "Amy", role: "steward" },
    shiftUntilMs: 0,
    knownStaff: [],
    gate: gateHere,
    direction: "entry",
    people: 1,
    previewing: false,
    verdict: null,
    recent: [],
    counts: null,
    centre: null,
    camera: CAMERA_OFF,
    hint: null,
    notices: [],
    heard: null,
    trust: {
      secure: true,
      serviceWorker: "absent",
      store: "kept",
      wakeLock: "absent",
      installed: false,
      mayInstall: false,
      battery: null,
    },
    settings: startSettings("en"),
    clockOffsetMs: null,
    updateReady: false,
    version: "1",
  };
}
