// Server-sent events over fetch, because EventSource cannot carry a token. Resumes where it broke off.

import { Problem, call, pause } from "./api.js";

const SILENCE_MS = 40_000;
const PAUSES_MS = [500, 1000, 2000, 5000, 10_000];

/**
 * Follows the stream for ever. `on.event(name, body)` for each event, `on.alive()` for every sign of
 * life, `on.lost(problem)` when it broke off.
 */
export async function follow(on) {
  let lastId = "";
  for (let attempt = 0; ; attempt += 1) {
    const control = new AbortController();
    let problem = null;
    try {
      const headers = lastId ? { "Last-Event-ID": lastId } : {};
      const response = await withDeadline(control, call("/stream", { headers, signal: control.signal }));
      await read(response, control, {
        ...on,
        alive: () => {
          attempt = 0;
          on.alive();
        },
        id: (id) => {
          lastId = id;
        },
      });
    } catch (error) {
      problem = error instanceof Problem ? error : null;
      // An id the server no longer understands must not keep us out.
      if (problem?.status === 422) lastId = "";
    } finally {
      control.abort();
    }
    on.lost(problem);
    const waitMs = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)];
    // Not all at the same moment, when a server comes back to a hundred screens.
    await pause(waitMs * (0.75 + Math.random() / 2));
  }
}

function withDeadline(control, promise) {
  const timer = setTimeout(() => control.abort(), SILENCE_MS);
  return promise.finally(() => clearTimeout(timer));
}

async function read(response, control, on) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let event = { name: "message", data: [] };
  for (;;) {
    const { done, value } = await withDeadline(control, reader.read());
    if (done) return;
    on.alive();
    text += value;
    const lines = text.split("\n");
    text = lines.pop();
    for (const line of lines) event = take(line.replace(/\r$/, ""), event, on);
  }
}

/** Takes one line in, and returns the event it belongs to. */
function take(line, event, on) {
  if (line === "") {
    if (event.data.length) on.event(event.name, JSON.parse(event.data.join("\n")));
    return { name: "message", data: [] };
  }
  if (line.startsWith(":")) return event;
  const colon = line.indexOf(":");
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (field === "event") event.name = value;
  if (field === "data") event.data.push(value);
  if (field === "id") on.id(value);
  return event;
}
