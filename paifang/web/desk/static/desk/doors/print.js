// The one thing a stylesheet cannot do: open the print dialogue.
const button = document.querySelector("[data-print]");
button.hidden = false;
button.addEventListener("click", () => window.print());
