/* Short messages that pass: from an answer's HX-Trigger header (`{"toast": {"text": …, "tone": …}}`)
   and for requests that never arrived. What must not be missed is a callout, not a toast. */

const said = JSON.parse(document.getElementById("ui-words").textContent);
const tray = document.getElementById("toasts");
const STAY_MS = 7000;

export const toast = (text, tone = "info") => {
  const note = document.createElement("div");
  note.className = `toast toast--${tone}`;
  const words = document.createElement("p");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "toast__close";
  close.setAttribute("aria-label", said.dismiss);
  close.textContent = "×";
  note.append(words, close);
  tray.append(note);
  const leave = () => note.remove();
  close.addEventListener("click", leave);
  let timer = setTimeout(leave, STAY_MS);
  // someone reading or about to press it keeps it
  for (const stay of ["mouseenter", "focusin"]) note.addEventListener(stay, () => clearTimeout(timer));
  for (const go of ["mouseleave", "focusout"]) {
    note.addEventListener(go, () => {
      clearTimeout(timer);
      timer = setTimeout(leave, STAY_MS);
    });
  }
};

document.addEventListener("toast", (event) => {
  const { text, tone, value } = event.detail;
  toast(text ?? value ?? "", tone);
});
document.addEventListener("htmx:sendError", () => toast(said.offline, "danger"));
document.addEventListener("htmx:timeout", () => toast(said.offline, "danger"));
document.addEventListener("htmx:responseError", (event) => {
  let text = said.refused;
  try {
    const problem = JSON.parse(event.detail.xhr.responseText);
    text = problem.detail || problem.title || text;
  } catch {
    /* a page, not a problem: our own sentence stands */
  }
  toast(text, "danger");
});
