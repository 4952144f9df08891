// A list dropped on the form is chosen and sent; one that is too large is refused before it is sent.
const form = document.querySelector("[data-drop]");

function start() {
  const zone = form.querySelector("[data-zone]");
  const field = form.querySelector("input[type=file]");
  const wrong = form.querySelector("[data-wrong]");
  const words = form.querySelector("[data-words]");
  const tooLarge = form.querySelector("[data-too-large]").textContent;
  const most = Number(field.dataset.bytesMax);

  function fits() {
    const file = field.files[0];
    const large = file !== undefined && file.size > most;
    if (large) {
      words.textContent = tooLarge;
      field.value = "";
    }
    wrong.hidden = !large;
    return !large;
  }

  function mark(event) {
    event.preventDefault();
    zone.dataset.over = "";
  }

  zone.addEventListener("dragenter", mark);
  zone.addEventListener("dragover", mark);
  zone.addEventListener("dragleave", () => delete zone.dataset.over);
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    delete zone.dataset.over;
    if (event.dataTransfer.files.length === 0) return;
    field.files = event.dataTransfer.files;
    if (fits()) form.requestSubmit();
  });
  field.addEventListener("change", fits);
  form.addEventListener("submit", () => {
    form.querySelector("[data-sending]").hidden = false;
  });
  // Beside the zone a dropped file would be opened in the place of this page.
  for (const name of ["dragover", "drop"]) {
    window.addEventListener(name, (event) => event.preventDefault());
  }
}

if (form) start();
