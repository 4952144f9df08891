// What the server put into the page, and the page's own parts by their data attributes.

export const page = JSON.parse(document.getElementById("page").textContent);
export const { words, reasons, limits, addresses, language } = page;
export const chinese = language.startsWith("zh");

export const find = (name, within = document) => within.querySelector(`[data-${name}]`);

/** Fills {names} in a text. */
export const say = (text, values = {}) =>
  text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** The name in the page's language, the English one if there is no other. */
export const named = (row, field = "name") =>
  (chinese && row[`${field}_zh`]) || row[field] || "";

export const number = (value) => new Intl.NumberFormat(language).format(value);

/** An element with a class and text; text is never read as markup. */
export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** A symbol of the sprite. */
export function symbol(name, className = "sign") {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

/** A fresh id for one intent: this terminal, this ticket, this wish. */
export function mintId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
