/* Light, dark or as the device: kept on this device. A classic script in the head, because a module
   would run after the first paint and the page would flash. */
(() => {
  const root = document.documentElement;
  const KEY = "vyapar-theme";

  const read = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const keep = (theme) => {
    try {
      if (theme === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      /* a browser that keeps nothing still switches for this page */
    }
  };
  const mark = () => {
    const theme = root.dataset.theme ?? "system";
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
    }
  };

  const saved = read();
  if (saved === "light" || saved === "dark") root.dataset.theme = saved;
  document.addEventListener("DOMContentLoaded", mark);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    const theme = button.dataset.themeSet;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    keep(theme);
    mark();
    document.dispatchEvent(new CustomEvent("vyapar:theme"));
  });
})();
