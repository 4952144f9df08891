import { expect, test } from "vitest";
import { Cell } from "./state";

test("who listens hears what is there, and every change after it", () => {
  const cell = new Cell({ people: 1, gate: "north" });
  const heard: number[] = [];
  const stop = cell.subscribe(({ people }) => heard.push(people));
  cell.patch({ people: 2 });
  stop();
  cell.patch({ people: 3 });
  expect(heard).toEqual([1, 2]);
});

test("what is as it was before is news for nobody", () => {
  const cell = new Cell<{ people: number; gate: string | null }>({ people: 1, gate: null });
  let heard = 0;
  cell.subscribe(() => (heard += 1));
  const before = cell.get();
  cell.patch({ people: 1, gate: null });
  cell.patch({});
  expect(heard).toBe(1);
  expect(cell.get()).toBe(before);
  cell.patch({ people: 1, gate: "north" });
  expect(heard).toBe(2);
});
