// Gates and lanes are moved on the plan by pointer or arrow keys; the number fields hold the truth.

const FULL = 1000;
const STEP = 5;

const plan = document.querySelector("[data-plan]");

function fieldsOf(id) {
  const place = document.querySelector(`[data-place="${id}"]`);
  return place ? [...place.querySelectorAll("input")] : [];
}

function bounded(value) {
  return Math.round(Math.min(FULL, Math.max(0, value)));
}

// x and y in thousandths of the picture.
function put(mark, x, y) {
  const tall = Number(plan.dataset.tall);
  mark.setAttribute("transform", `translate(${x}, ${(y * tall) / FULL})`);
  mark.removeAttribute("hidden");
}

function move(mark, x, y) {
  const [across, down] = fieldsOf(mark.dataset.mark);
  across.value = bounded(x);
  down.value = bounded(y);
  put(mark, bounded(x), bounded(y));
}

function at(event) {
  const box = plan.getBoundingClientRect();
  return [
    ((event.clientX - box.left) / box.width) * FULL,
    ((event.clientY - box.top) / box.height) * FULL,
  ];
}

const ARROWS = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

function listen(mark) {
  const fields = fieldsOf(mark.dataset.mark);
  if (fields.length < 2) {
    return;
  }
  mark.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    mark.focus();
    mark.setPointerCapture(event.pointerId);
  });
  mark.addEventListener("pointermove", (event) => {
    if (mark.hasPointerCapture(event.pointerId)) {
      move(mark, ...at(event));
    }
  });
  mark.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (step) {
      event.preventDefault();
      const [x, y] = fields.map((one) => (one.value === "" ? FULL / 2 : Number(one.value)));
      move(mark, x + step[0], y + step[1]);
    }
  });
  for (const field of fields) {
    field.addEventListener("input", () => {
      const empty = fields.some((one) => one.value === "");
      mark.toggleAttribute("hidden", empty);
      if (!empty) {
        put(mark, bounded(Number(fields[0].value)), bounded(Number(fields[1].value)));
      }
    });
  }
  // What has no place yet waits in the middle, to be dragged to it.
  if (mark.hasAttribute("hidden")) {
    put(mark, FULL / 2, FULL / 2);
    mark.classList.add("waiting");
    mark.addEventListener("pointerdown", () => mark.classList.remove("waiting"), { once: true });
  }
}

if (plan) {
  plan.querySelectorAll("[data-mark]").forEach(listen);
}
