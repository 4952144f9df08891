/**
 * Lets the page open with no network: keeps the whole build, and answers the page's own files from
 * it. Everything else, the host's answers above all, goes to the network untouched.
 *
 * A new version waits beside the old one until a person wants it; both are whole at any time.
 */

/** The files of this build and what tells it from others; written in by vite.config.ts. */
declare const __FILES__: readonly string[];
declare const __BUILD__: string;

interface Extendable extends Event {
  waitUntil(what: Promise<unknown>): void;
  /** Static routes, which TypeScript does not know and not every browser has. */
  addRoutes?(rule: Readonly<Record<string, unknown>>): Promise<void>;
}
interface Fetched extends Extendable {
  readonly request: Request;
  respondWith(what: Promise<Response>): void;
}
interface Scope {
  addEventListener(name: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(name: "fetch", listener: (event: Fetched) => void): void;
  addEventListener(name: "message", listener: (event: MessageEvent) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
}

const scope = self as unknown as Scope;
const PAGE = "/terminal/";
const PREFIX = "paifang-terminal-";
const CACHE = `${PREFIX}${__BUILD__}`;
const KEPT = new Set(__FILES__);

scope.addEventListener("install", (event) => {
  // The host's answers do not even pass through here, where the browser lets us say so.
  const past = event.addRoutes?.({ condition: { urlPattern: "/api/*" }, source: "network" });
  if (past !== undefined) event.waitUntil(past.catch(() => undefined));
  event.waitUntil(
    caches.open(CACHE).then((cache) =>
      // The page itself past any cache; files with their content in their name as they come.
      Promise.all([
        cache.add(new Request(PAGE, { cache: "reload" })),
        cache.addAll(__FILES__),
      ]),
    ),
  );
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith(PREFIX) && name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => scope.clients.claim()),
  );
});

scope.addEventListener("message", ({ data }) => {
  if (data === "take over") void scope.skipWaiting();
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  const key = request.mode === "navigate" && pathname === PAGE ? PAGE : pathname;
  if (key !== PAGE && !KEPT.has(key)) return;
  event.respondWith(kept(key, request));
});

async function kept(key: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(key)) ?? fetch(request);
}
