/* Native dialogs, confirmations and menus. Everything here has a way to work without it: forms post,
   the sheet opens by its link's target. */

const open = (name) => {
  const dialog = document.getElementById(name);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return false;
  dialog.showModal();
  return true;
};

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener && open(opener.dataset.dialogOpen)) {
    event.preventDefault();
    opener.closest("details[data-menu]")?.removeAttribute("open");
    return;
  }
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog")?.close();
    return;
  }
  // a click on the dialog element itself is a click on its backdrop
  if (event.target instanceof HTMLDialogElement) event.target.close();
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("submit", (event) => {
  const name = event.target.dataset?.confirm;
  if (name && open(name)) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

const openServed = (part) => {
  for (const dialog of part.querySelectorAll("dialog[data-dialog-opened]")) open(dialog.id);
};
document.addEventListener("htmx:load", (event) => openServed(event.detail.elt));
openServed(document);

// "Close the dialog now": an answer may say so in its HX-Trigger header
document.addEventListener("dialog-close", () => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
});
