import { describe, expect, test } from "vitest";
import { Calls, type Fault } from "./calls";
import { EventParser, type StreamEvent, follow } from "./stream";

describe("the parser", () => {
  const text = "id: 7\r\nevent: admission\r\ndata: {\"a\":1}\r\n\r\n: still here\n\ndata: x\ndata: y\n\n";
  const events: StreamEvent[] = [
    { name: "admission", data: '{"a":1}' },
    { name: "message", data: "x\ny" },
  ];

  test("does not mind where the bytes were cut", () => {
    for (let size = 1; size <= text.length; size += 1) {
      const parser = new EventParser();
      const found: StreamEvent[] = [];
      for (let at = 0; at < text.length; at += size) {
        found.push(...parser.push(text.slice(at, at + size)));
      }
      expect(found).toEqual(events);
      expect(parser.lastId).toBe("7");
    }
  });

  test("takes an id over only with the blank line behind it", () => {
    const parser = new EventParser();
    parser.push("id: 8\ndata: x\n");
    expect(parser.lastId).toBe("");
    parser.push("\n");
    expect(parser.lastId).toBe("8");
  });

  test("drops an event that broke off, and knows a byte order mark", () => {
    const parser = new EventParser();
    expect(parser.push("\ufeffdata: x\n")).toEqual([]);
    expect(parser.push("\n")).toEqual([{ name: "message", data: "x" }]);
  });
});

/** Answers one script after the other; a script ends its stream, or hangs when it says so. */
function hostOf(scripts: readonly (readonly string[] | number)[], asked: string[]): typeof fetch {
  let at = 0;
  return async (_, init = {}) => {
    asked.push(new Headers(init.headers).get("last-event-id") ?? "");
    const script = scripts[at];
    at += 1;
    if (script === undefined) throw new TypeError("network");
    if (typeof script === "number") return Response.json({ code: "member_wrong" }, { status: script });
    const body = new ReadableStream<Uint8Array>({
      start(control) {
        for (const piece of script) {
          if (piece !== "hang") control.enqueue(new TextEncoder().encode(piece));
        }
        if (!script.includes("hang")) control.close();
        init.signal?.addEventListener("abort", () => {
          try {
            control.error(new DOMException("aborted", "AbortError"));
          } catch {
            // already closed
          }
        });
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}

describe("following", () => {
  const run = async (scripts: readonly (readonly string[] | number)[], losses: number) => {
    const asked: string[] = [];
    const seen: string[] = [];
    const lost: Fault[] = [];
    const control = new AbortController();
    const calls = new Calls(
      hostOf(scripts, asked),
      () => "en",
      () => undefined,
    );
    await follow(
      calls,
      async () => "t",
      {
        event: ({ data }) => seen.push(data),
        alive: () => undefined,
        lost: (fault) => {
          lost.push(fault);
          if (lost.length === losses) control.abort();
        },
      },
      control.signal,
      60,
    );
    return { asked, seen, lost: lost.map(({ kind }) => kind) };
  };

  test("resumes after the last whole event", async () => {
    const found = await run([["id: 1\ndata: a\n\nid: 2\nda"], ["id: 2\ndata: b\n\n"]], 2);
    expect(found.seen).toEqual(["a", "b"]);
    expect(found.asked).toEqual(["", "1"]);
  });

  test("gives up a line that says nothing", async () => {
    const found = await run([["id: 1\ndata: a\n\n", "hang"], ["data: b\n\n"]], 2);
    expect(found.seen).toEqual(["a", "b"]);
    expect(found.lost).toEqual(["unreachable", "unreachable"]);
  });

  test("begins anew when the host no longer understands the id", async () => {
    const found = await run([["id: 1\ndata: a\n\n"], 422, ["data: b\n\n"]], 3);
    expect(found.asked).toEqual(["", "1", ""]);
    expect(found.lost).toEqual(["unreachable", "refused", "unreachable"]);
  });
});
