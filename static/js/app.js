// Small improvements to pages that work without them: copying, closing menus, saying what went wrong.
"use strict";
(() => {
  const toast = (words) => {
    const place = document.getElementById("toast");
    if (!place) return;
    place.textContent = words;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => { place.textContent = ""; }, 6000);
  };

  const copyText = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea"); // plain http on another host has no clipboard API
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("copy refused");
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      const source = document.querySelector(button.dataset.copy);
      try {
        await copyText(source.textContent.trim());
        toast("Copied.");
      } catch {
        getSelection().selectAllChildren(source);
        toast("This browser does not let pages copy: the text is selected, press Ctrl+C.");
      }
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    if (event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable]")) {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); }
    }
  });

  // Keys 1 to 5 rate what has the focus, or the one thing on the page that can be rated.
  document.addEventListener("keydown", (event) => {
    if (!/^[1-5]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    const strips = [...document.querySelectorAll("[data-rating]")];
    const row = event.target.closest(".waiting > li");
    const strip = row ? row.querySelector("[data-rating]") : strips.length === 1 ? strips[0] : null;
    const button = strip && strip.querySelector(`button[name="rating"][value="${event.key}"][aria-pressed]`);
    if (button) { event.preventDefault(); button.click(); }
  });

  // Show the copy buttons and other controls that need this script.
  const reveal = (root) => root.querySelectorAll("[data-needs-js]").forEach((node) => { node.hidden = false; });
  reveal(document);
  document.addEventListener("htmx:load", (event) => reveal(event.target));

  const refusal = (xhr) => {
    if (xhr.status === 401 || xhr.status === 403) return "You are signed out or not allowed to do this. Reload the page and sign in.";
    if (xhr.status === 404) return "This is no longer there. Reload the page.";
    if (xhr.status === 429) return `Too many requests. Try again in ${xhr.getResponseHeader("Retry-After") || "a few"} seconds.`;
    return `The server could not answer (${xhr.status}). Try again; if it stays, look at the server's log.`;
  };
  document.addEventListener("htmx:responseError", (event) => toast(refusal(event.detail.xhr)));
  document.addEventListener("htmx:sendError", () => toast("The server cannot be reached. Check the connection and try again."));
  document.addEventListener("htmx:timeout", () => toast("The server took too long. Try again."));
})();
