/* Single keys on lists: j k move, Enter opens, x selects, a e r press what carries that data-key,
   / searches, ? explains. Off while someone types, and for whoever turned them off (WCAG 2.1.4). */

const KEY = "vyapar-shortcuts";
const enabled = () => {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
};

const typing = (target) =>
  target.isContentEditable ||
  target.matches("select, textarea, input:not([type=checkbox], [type=radio], [type=button])");

const items = () => [...document.querySelectorAll("[data-list] [data-list-item]")];
const current = () =>
  document.activeElement?.closest("[data-list-item]") ??
  document.querySelector("[data-list-item].is-current");

const moveTo = (item) => {
  for (const other of items()) other.classList.toggle("is-current", other === item);
  const place = item.querySelector("a[href], [tabindex]") ?? item;
  place.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
};

const step = (by) => {
  const all = items();
  if (!all.length) return;
  const at = all.indexOf(current());
  moveTo(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + by))]);
};

const press = (key) => {
  const room = current() ?? document;
  const find = (where) => where.querySelector(`[data-key="${key}"]:not([disabled])`);
  const target = find(room) ?? find(document);
  target?.click();
  return Boolean(target);
};

const answers = {
  j: () => step(1),
  k: () => step(-1),
  x: () => current()?.querySelector("[data-bulk-item]")?.click(),
  a: () => press("a"),
  e: () => press("e"),
  r: () => press("r"),
  "/": () => document.querySelector("input[type=search]")?.focus(),
  "?": () => document.getElementById("shortcuts")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!enabled() && event.key !== "?") return;
  const answer = answers[event.key];
  if (!answer || typing(event.target) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  answer();
});

const toggle = document.querySelector("[data-shortcuts-on]");
if (toggle) {
  toggle.checked = enabled();
  toggle.addEventListener("change", () => {
    try {
      localStorage.setItem(KEY, toggle.checked ? "on" : "off");
    } catch {
      /* kept for this page only */
    }
  });
}
