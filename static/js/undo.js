/* Counts an undo window down and closes it on time; the server decides whether an undo still counts. */

const said = JSON.parse(document.getElementById("ui-words").textContent);
const bars = new Set();
let timer = 0;

const clock = (seconds) => {
  const pad = (part) => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
};

const tick = () => {
  for (const bar of bars) {
    if (!bar.isConnected) {
      bars.delete(bar);
      continue;
    }
    const seconds = Math.ceil((Date.parse(bar.dataset.until) - Date.now()) / 1000);
    const left = bar.querySelector("[data-undo-left]");
    if (seconds > 0) {
      left.textContent = said.left.replace("%s", clock(seconds));
    } else {
      left.textContent = said.over;
      bar.querySelector("button")?.remove();
      bar.classList.add("undo--over");
      bars.delete(bar);
    }
  }
  if (!bars.size) {
    clearInterval(timer);
    timer = 0;
  }
};

const watch = (part) => {
  for (const bar of part.querySelectorAll("[data-undo]")) {
    // the ticking figure is for the eye; a screen reader was told once
    bar.querySelector("[data-undo-left]").setAttribute("aria-live", "off");
    bars.add(bar);
  }
  if (part.matches?.("[data-undo]")) bars.add(part);
  if (bars.size && !timer) {
    tick();
    if (bars.size) timer = setInterval(tick, 1000);
  }
};

document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
watch(document);
