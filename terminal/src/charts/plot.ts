/**
 * Draws the flow of people over time from the figures that stand in the page, in place of the bars
 * the server drew. The table behind it is for whoever cannot see it.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

interface Series {
  readonly zone: string;
  readonly hours: boolean;
  readonly label: string;
  readonly at: readonly number[];
  readonly lines: readonly (readonly [string, readonly number[]])[];
}

const HEIGHT = 260;
const DASHES = [[], [6, 4], [2, 3]];
const COLOURS = ["--admit", "--muted", "--refuse"];

/** A number of two digits. */
function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** What a moment is called below the chart: the hour, or the day where one begins. */
function tick(at: Date, hours: boolean): string {
  const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  if (!hours) return day;
  return at.getHours() === 0 && at.getMinutes() === 0 ? day : `${two(at.getHours())}:${two(at.getMinutes())}`;
}

function colour(name: string): string {
  const dark = getComputedStyle(document.documentElement);
  // The deep blue and red of signs are too dark on a dark ground.
  const night = dark.getPropertyValue("--paper").trim() === "#0b0f14";
  if (night && name === "--admit") return dark.getPropertyValue("--accent");
  if (night && name === "--refuse") return "#ff8a97";
  return dark.getPropertyValue(name);
}

function draw(box: HTMLElement, told: Series): uPlot {
  const ink = () => colour("--muted");
  const grid = { stroke: () => colour("--line"), width: 1 };
  const inZone = (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), told.zone);
  const words = (seconds: number) => {
    const at = inZone(seconds);
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    return told.hours ? `${day} ${two(at.getHours())}:${two(at.getMinutes())}` : day;
  };
  return new uPlot(
    {
      width: box.clientWidth,
      height: HEIGHT,
      tzDate: inZone,
      cursor: { y: false, drag: { x: true, y: false } },
      scales: { y: { range: (_chart, _low, high) => [0, Math.max(high * 1.05, 1)] } },
      axes: [
        {
          stroke: ink,
          grid,
          ticks: grid,
          values: (_chart, at) => at.map((seconds) => tick(inZone(seconds), told.hours)),
        },
        {
          stroke: ink,
          grid,
          ticks: grid,
          size: 64,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000],
          values: (_chart, counts) => counts.map((count) => count.toLocaleString("en")),
        },
      ],
      series: [
        { value: (_chart, seconds) => (seconds === null ? "–" : words(seconds)), label: told.label },
        ...told.lines.map(([label], n) => ({
          label,
          stroke: () => colour(COLOURS[n] ?? "--ink"),
          dash: DASHES[n] ?? [],
          width: 2,
          points: { show: false },
        })),
      ],
    },
    [[...told.at], ...told.lines.map(([, counts]) => [...counts])],
    box,
  );
}

for (const box of document.querySelectorAll<HTMLElement>("[data-plot]")) {
  const source = document.getElementById(box.dataset["plot"] ?? "");
  if (!source?.textContent) continue;
  box.replaceChildren();
  const chart = draw(box, JSON.parse(source.textContent) as Series);
  new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT })).observe(box);
  // Another theme has other colours.
  const repaint = () => chart.redraw();
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
}
