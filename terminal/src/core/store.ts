/**
 * What this terminal keeps on the device: one IndexedDB database, mirrored in memory.
 *
 * The mirror is what the program reads. So a store that is full, refused (private window) or
 * cleared under our feet costs persistence, which is told in words, and never a scan. A store that
 * was cleared while the page is open is written anew from the mirror.
 *
 * Layout, version 1: `kept` (single values by name: identity, key, shift, settings …), `requests`
 * (what is asked and not yet answered, with all a late report to `POST /journal` needs), `recent`
 * (the last decisions), `epochs` (the highest epoch seen per lease). A later version adds
 * `tickets` and `facts` for the snapshot and permissive modes as one more step of `UPGRADES`; the
 * highest epoch is kept from the first day, so that no later mode trusts an overtaken lease.
 */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { PendingRequest } from "./requests";
import type { Recent, Settings, TerminalShown } from "./types";

/** Single values by name. */
export interface Kept {
  identity: { readonly terminal: TerminalShown; readonly node: string };
  /** The private half cannot be read out of the browser. */
  key: CryptoKeyPair;
  /** The text that renews tokens without a PIN, and when it ends by the host's clock. */
  shift: {
    readonly shift: string;
    readonly untilMs: number;
    readonly staff: NonNullable<import("./types").TokenAnswer["staff"]>;
  };
  /** A code being traded in, so that a lost reply is asked for again with the same id. */
  pairing: { readonly code: string; readonly requestId: string };
  settings: Settings;
  knownStaff: readonly string[];
  clockOffsetMs: number;
  revoked: true;
}

interface Layout extends DBSchema {
  kept: { key: string; value: Kept[keyof Kept] };
  requests: { key: string; value: PendingRequest };
  recent: { key: string; value: Recent; indexes: { atMs: number } };
  epochs: { key: string; value: number };
}

/** What may be wrong with the store: it is not there, it takes no more, it was cleared. */
export type StoreTrouble = "absent" | "full" | "cleared";

const NAME = "paifang-terminal";
const RECENT_MAX = 200;
const RENEW_AFTER_MS = [0, 100, 400, 1_500];

/** One step per version; a step is never changed once released. */
const UPGRADES: readonly ((db: IDBPDatabase<Layout>) => void)[] = [
  (db) => {
    db.createObjectStore("kept");
    db.createObjectStore("requests", { keyPath: "id" });
    db.createObjectStore("recent", { keyPath: "id" }).createIndex("atMs", "atMs");
    db.createObjectStore("epochs");
  },
];

export class Store {
  private db: IDBPDatabase<Layout> | null = null;
  private readonly kept = new Map<keyof Kept, Kept[keyof Kept]>();
  private readonly waiting = new Map<string, PendingRequest>();
  private decided: Recent[] = [];
  private readonly epochs = new Map<string, number>();
  private closed = false;

  /** @param tell Told when the trouble begins, changes, and (null) ends. */
  private constructor(private readonly tell: (trouble: StoreTrouble | null) => void) {}

  /** Open the store and read it whole; without IndexedDB it is memory alone. */
  static async open(tell: (trouble: StoreTrouble | null) => void): Promise<Store> {
    const store = new Store(tell);
    if (!(await store.connect())) tell("absent");
    return store;
  }

  get<K extends keyof Kept>(name: K): Kept[K] | null {
    return (this.kept.get(name) as Kept[K] | undefined) ?? null;
  }

  async put<K extends keyof Kept>(name: K, value: Kept[K]): Promise<void> {
    this.kept.set(name, value);
    await this.write((db) => db.put("kept", value, name));
  }

  async drop(...names: readonly (keyof Kept)[]): Promise<void> {
    for (const name of names) this.kept.delete(name);
    await this.write(async (db) => {
      for (const name of names) await db.delete("kept", name);
    });
  }

  /** What is asked and not yet answered, oldest first. */
  get requests(): readonly PendingRequest[] {
    return [...this.waiting.values()].sort((one, other) => one.atMs - other.atMs);
  }

  /**
   * Keep what is about to be asked. It has been handed to the browser when this returns; that it
   * stands on the disk, which a slow phone takes its time for, is what the promise waits for.
   */
  putRequest(request: PendingRequest): Promise<void> {
    this.waiting.set(request.id, request);
    return this.write((db) => {
      const change = db.transaction("requests", "readwrite");
      const put = change.store.put(request);
      change.commit();
      return Promise.all([put, change.done]);
    });
  }

  async dropRequest(id: string): Promise<void> {
    this.waiting.delete(id);
    await this.write((db) => db.delete("requests", id));
  }

  /** The last decisions, newest first. */
  get recent(): readonly Recent[] {
    return this.decided;
  }

  /**
   * Keep a decision, or what became of it; the oldest give way.
   *
   * @param answered The request it is the answer to: dropped in the same breath.
   */
  async putRecent(line: Recent, answered = ""): Promise<void> {
    this.waiting.delete(answered);
    const others = this.decided.filter(({ id }) => id !== line.id);
    const all = [line, ...others].sort((one, other) => other.atMs - one.atMs);
    this.decided = all.slice(0, RECENT_MAX);
    const gone = all.slice(RECENT_MAX);
    await this.write((db) => {
      const change = db.transaction(["recent", "requests"], "readwrite");
      const lines = change.objectStore("recent");
      const changes: Promise<unknown>[] = [lines.put(line)];
      for (const { id } of gone) changes.push(lines.delete(id));
      if (answered !== "") changes.push(change.objectStore("requests").delete(answered));
      change.commit();
      return Promise.all([...changes, change.done]);
    });
  }

  /** Remember an epoch of a lease; false if a higher one was seen before. */
  async seeEpoch(lease: string, epoch: number): Promise<boolean> {
    const highest = this.epochs.get(lease) ?? 0;
    if (epoch <= highest) return epoch === highest;
    this.epochs.set(lease, epoch);
    await this.write((db) => db.put("epochs", epoch, lease));
    return true;
  }

  /** Forget all that makes this device a terminal; settings stay. */
  async forget(): Promise<void> {
    this.waiting.clear();
    this.decided = [];
    this.epochs.clear();
    await this.drop("identity", "key", "shift", "pairing", "knownStaff", "revoked");
    await this.write(async (db) => {
      await db.clear("requests");
      await db.clear("recent");
      await db.clear("epochs");
    });
  }

  close(): void {
    this.closed = true;
    this.db?.close();
    this.db = null;
  }

  private async connect(): Promise<boolean> {
    try {
      this.db = await openDB<Layout>(NAME, UPGRADES.length, {
        upgrade: (db, from) => {
          for (const step of UPGRADES.slice(from)) step(db);
        },
        // Another tab brings a newer layout: let it, this one reloads at the next update.
        blocking: () => this.close(),
        terminated: () => void this.renew(),
      });
      await this.readAll(this.db);
      return true;
    } catch {
      this.db = null;
      return false;
    }
  }

  private async readAll(db: IDBPDatabase<Layout>): Promise<void> {
    for (const name of await db.getAllKeys("kept")) {
      const value = await db.get("kept", name);
      if (value !== undefined) this.kept.set(name as keyof Kept, value);
    }
    for (const request of await db.getAll("requests")) this.waiting.set(request.id, request);
    this.decided = (await db.getAllFromIndex("recent", "atMs")).reverse();
    for (const lease of await db.getAllKeys("epochs")) {
      this.epochs.set(lease, (await db.get("epochs", lease)) ?? 0);
    }
  }

  /** The browser has cleared or closed the store: write what we know into a fresh one. */
  private async renew(): Promise<void> {
    if (this.closed) return;
    this.db = null;
    const mirror = {
      kept: [...this.kept],
      waiting: [...this.waiting.values()],
      recent: [...this.decided],
      epochs: [...this.epochs],
    };
    // A browser that is still clearing refuses a new store for a moment.
    for (const pauseMs of RENEW_AFTER_MS) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (this.closed || (await this.connect())) break;
    }
    if (this.db === null) {
      if (!this.closed) this.tell("absent");
      return;
    }
    this.tell("cleared");
    await this.write(async (db) => {
      for (const [name, value] of mirror.kept) await db.put("kept", value, name);
      for (const request of mirror.waiting) await db.put("requests", request);
      for (const line of mirror.recent) await db.put("recent", line);
      for (const [lease, epoch] of mirror.epochs) await db.put("epochs", epoch, lease);
    });
    for (const [name, value] of mirror.kept) this.kept.set(name, value);
    for (const request of mirror.waiting) this.waiting.set(request.id, request);
    this.decided = mirror.recent;
    for (const [lease, epoch] of mirror.epochs) this.epochs.set(lease, epoch);
  }

  private async write(change: (db: IDBPDatabase<Layout>) => Promise<unknown>): Promise<void> {
    if (this.db === null) return;
    try {
      await change(this.db);
      if (this.full) {
        this.full = false;
        this.tell(null);
      }
    } catch (fault) {
      if (fault instanceof DOMException && fault.name === "InvalidStateError") {
        await this.renew();
      } else {
        this.full = true;
        this.tell("full");
      }
    }
  }

  private full = false;
}
