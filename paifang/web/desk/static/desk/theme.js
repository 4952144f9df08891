// Day or night before anything is drawn: as the person chose here, else as the device says.
(() => {
  const root = document.documentElement;
  let chosen = null;
  try {
    chosen = localStorage.getItem("paifang-theme");
  } catch {
    // Storage may be switched off; the device's own choice holds then.
  }
  if (chosen === "day" || chosen === "night") root.dataset.theme = chosen;

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme ?? (dark ? "night" : "day");
    root.dataset.theme = now === "night" ? "day" : "night";
    try {
      localStorage.setItem("paifang-theme", root.dataset.theme);
    } catch {
      // Then it holds until the page is left.
    }
  });
})();
