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

  // A link beside a form that is being filled in takes along what was typed: the form goes where the link leads.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-takes-form]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const form = document.getElementById(link.dataset.takesForm);
    const texts = [...form.querySelectorAll("textarea, input:not([type=hidden], [type=checkbox], [type=radio])")];
    if (!texts.some((field) => field.value.trim())) return;
    event.preventDefault();
    const word = document.createElement("input");
    word.type = "hidden";
    word.name = link.dataset.name;
    word.value = link.dataset.value;
    form.append(word);
    form.action = link.href;
    form.submit();
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

  // Show the copy buttons and other controls that need this script; pages say times in UTC, pointing at one says it in
  // the zone of who looks.
  const reveal = (root) => {
    root.querySelectorAll("[data-needs-js]").forEach((node) => { node.hidden = false; });
    for (const time of root.querySelectorAll("time[datetime*=T]")) {
      const moment = new Date(time.dateTime);
      const words = { dateStyle: "medium", timeStyle: "long" };
      if (Number.isNaN(moment.valueOf()) || time.title.endsWith("where you are")) continue;
      time.title = `${time.title ? `${time.title}, ` : ""}${moment.toLocaleString(undefined, words)} where you are`;
    }
  };
  reveal(document);
  document.addEventListener("htmx:load", (event) => reveal(event.target));

  // A part that is drawn anew every second keeps what a person opened, closed or scrolled in it, and a text that is
  // being written stays at its end unless somebody scrolled back.
  const toEnd = (node) => { node.scrollTop = node.scrollHeight; };
  let kept = new Map();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const nodes = event.detail.target.querySelectorAll("[data-keeps][id]");
    kept = new Map([...nodes].map((node) => [node.id, {
      open: node.open, left: node.scrollLeft, top: node.scrollTop,
      isAtEnd: node.scrollTop + node.clientHeight >= node.scrollHeight - 4,
    }]));
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const node of document.querySelectorAll("[data-keeps][id]")) {
      const before = kept.get(node.id);
      if (node.hasAttribute("data-follows") && (!before || before.isAtEnd)) toEnd(node);
      else if (before) { node.scrollLeft = before.left; node.scrollTop = before.top; }
      if (before && before.open !== undefined) node.open = before.open;
    }
    kept = new Map();
  });
  document.querySelectorAll("[data-follows]").forEach(toEnd);

  // After a form was refused the first field that is wrong has the focus.
  const wrong = document.querySelector("main [aria-invalid=true]");
  if (wrong && !document.querySelector("[autofocus]")) wrong.focus();

  // Pages are not kept by the browser, so a reload would lose what was typed: this tab keeps it until it is back.
  const asking = [...document.querySelectorAll("form[data-asks-again]")];
  const fieldsOf = (form) => [...form.elements].filter((field) => field.name && field.type !== "hidden" && field.type !== "submit");
  const draftOf = (form) => `typed:${location.pathname}#${form.id}`;
  const isReload = performance.getEntriesByType("navigation").some((entry) => entry.type === "reload");
  const putBack = (form) => {
    const typed = isReload && JSON.parse(sessionStorage.getItem(draftOf(form)));
    sessionStorage.removeItem(draftOf(form));
    fieldsOf(form).forEach((field, place) => {
      if (!typed || typed[place] === undefined) return;
      if (field.type === "checkbox") field.checked = typed[place]; else field.value = typed[place];
    });
  };
  const keepTyped = (form) => {
    const typed = fieldsOf(form).map((field) => field.type === "checkbox" ? field.checked : field.value);
    sessionStorage.setItem(draftOf(form), JSON.stringify(typed));
  };
  try { asking.forEach(putBack); } catch { /* no storage */ }
  window.addEventListener("pagehide", () => {
    try { asking.forEach(keepTyped); } catch { /* no storage, or it is full */ }
  });

  // A browser that comes back to a form puts in what was typed, but not what was answered: ask again.
  window.addEventListener("pageshow", () => {
    for (const form of asking) {
      if ([...form.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue)) htmx.trigger(form, "change");
    }
  });

  // The place where one is stands in view among the places, however far down it is.
  const here = document.querySelector(".rail [aria-current=page]");
  if (here) here.closest(".rail").scrollTop = Math.max(0, here.offsetTop - here.closest(".rail").clientHeight / 2);

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
