// Loaded in <head> without defer: the chosen theme must stand before the first paint.
"use strict";
(() => {
  const KEY = "theme";
  const root = document.documentElement;
  const read = () => {
    try { return localStorage.getItem(KEY) || "auto"; } catch { return "auto"; }
  };
  const apply = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  apply(read());

  const NEXT = { auto: "light", light: "dark", dark: "auto" };
  const NAMES = { auto: "as the system", light: "light", dark: "dark" };
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    const show = (theme) => {
      button.setAttribute("aria-label", `Colours: ${NAMES[theme]}. Change to ${NAMES[NEXT[theme]]}.`);
      button.title = `Colours: ${NAMES[theme]}`;
      button.dataset.state = theme;
    };
    show(read());
    button.hidden = false;
    button.addEventListener("click", () => {
      const theme = NEXT[read()];
      try { localStorage.setItem(KEY, theme); } catch { /* private mode: the choice lasts for this page */ }
      apply(theme);
      show(theme);
      document.dispatchEvent(new Event("themechange"));
    });
  });
})();
