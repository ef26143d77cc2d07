/* Several rows at once: ticks, the sum of what they would do, and the bar that acts on them.

   <form data-bulk> holds checkboxes [data-bulk-item] with data-paise and data-pieces, one
   [data-bulk-all], and a bar [data-bulk-bar] with [data-bulk-count|paise|pieces]. The bar sends a
   `bulk-change` event whenever the choice changes, so that a page may ask the server for the exact
   combined effect (hx-trigger="bulk-change delay:300ms"). */

const said = JSON.parse(document.getElementById("ui-words").textContent);
const figures = new Intl.NumberFormat("en-IN");
const rupees = new Intl.NumberFormat("en-IN", {
  style: "currency",
  currency: "INR",
  minimumFractionDigits: 2,
});

const show = (bar, name, text) => {
  for (const place of bar.querySelectorAll(`[data-bulk-${name}]`)) place.textContent = text;
};

const refresh = (form) => {
  const items = [...form.querySelectorAll("[data-bulk-item]")];
  const chosen = items.filter((item) => item.checked);
  const sum = (key) => chosen.reduce((total, item) => total + Number(item.dataset[key] ?? 0), 0);
  for (const item of items) {
    item.closest("[data-bulk-row], tr, li")?.classList.toggle("is-selected", item.checked);
  }
  const all = form.querySelector("[data-bulk-all]");
  if (all) {
    all.checked = items.length > 0 && chosen.length === items.length;
    all.indeterminate = chosen.length > 0 && chosen.length < items.length;
  }
  for (const bar of form.querySelectorAll("[data-bulk-bar]")) {
    bar.hidden = chosen.length === 0;
    show(bar, "count", said.selected.replace("%s", figures.format(chosen.length)));
    show(bar, "paise", rupees.format(sum("paise") / 100));
    show(bar, "pieces", `${figures.format(sum("pieces"))} ${said.pieces}`);
    bar.dispatchEvent(new CustomEvent("bulk-change", { bubbles: true }));
  }
};

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-bulk]");
  if (!form) return;
  if (event.target.matches("[data-bulk-all]")) {
    for (const item of form.querySelectorAll("[data-bulk-item]")) item.checked = event.target.checked;
  }
  if (event.target.matches("[data-bulk-all], [data-bulk-item]")) refresh(form);
});
document.addEventListener("click", (event) => {
  const clear = event.target.closest("[data-bulk-clear]");
  if (!clear) return;
  const form = clear.closest("[data-bulk]");
  for (const item of form.querySelectorAll("[data-bulk-item]")) item.checked = false;
  refresh(form);
});

const refreshAll = () => document.querySelectorAll("[data-bulk]").forEach(refresh);
document.addEventListener("htmx:afterSettle", refreshAll);
// the browser may bring ticks back after "back"
addEventListener("pageshow", refreshAll);
refreshAll();
