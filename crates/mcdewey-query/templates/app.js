// What pages do more with scripts than without: focus by key, answers while typing, text to take along, a word on a hit
// without leaving the page. Everything works without this file.
"use strict";

(() => {
  const PAUSE = 300;
  const SHORTEST = 3;

  const field = () => document.querySelector('form.search input[name="q"]');
  const typing = (element) => element?.matches?.("input, textarea, select, [contenteditable]") ?? false;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !typing(document.activeElement) && field()) {
      event.preventDefault();
      field().focus();
      field().select();
    }
    if ((event.key === "j" || event.key === "k") && !typing(document.activeElement)) step(event.key === "j" ? 1 : -1);
  });

  // j and k go from hit to hit.
  function step(by) {
    const links = [...document.querySelectorAll(".hit h3 a")];
    if (links.length === 0) return;
    const at = links.indexOf(document.activeElement);
    links[Math.min(Math.max(at + by, 0), links.length - 1)].focus();
  }

  // Answers while typing, on the search page only.
  let timer;
  let running;
  // The server counts only the question at which this page's typing comes to rest.
  const page_name = Math.random().toString(36).slice(2);

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (event.target.name !== "q" || !form?.matches("form.search[data-live]")) return;
    clearTimeout(timer);
    running?.abort();
    if (event.target.value.trim().length < SHORTEST) return;
    timer = setTimeout(() => answer(form), PAUSE);
  });

  async function answer(form) {
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (value !== "") url.searchParams.append(name, value);
    running = new AbortController();
    try {
      const response = await fetch(url, { signal: running.signal, headers: { accept: "text/html", "x-mcdewey-typing": page_name } });
      if (response.status === 429 || response.status === 503) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      show(page, url);
    } catch (error) {
      // Typed on, or away from the network: the button is still there.
      if (error.name !== "AbortError") console.warn(error);
    }
  }

  function show(page, url) {
    const before = field();
    const [text, start, end] = [before.value, before.selectionStart, before.selectionEnd];
    document.querySelector("main").replaceChildren(...page.querySelector("main").children);
    document.title = page.title;
    history.replaceState(null, "", url);
    const after = field();
    after.value = text;
    after.focus({ preventScroll: true });
    after.setSelectionRange(start, end);
    dress(document);
  }

  // Text that is there to be taken along gets a button for it.
  function dress(root) {
    for (const text of root.querySelectorAll("pre[data-copy]")) {
      if (!navigator.clipboard || text.parentElement.classList.contains("copied")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = "Copy"), 2000);
      });
      text.parentElement.classList.add("copied");
      text.parentElement.append(button);
    }
    const filter = root.querySelector("input[data-filter]");
    filter?.addEventListener("input", () => narrow(filter.value));
  }

  // The library's filter box: only what has all the words stays.
  function narrow(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (element) => words.every((word) => element.textContent.toLowerCase().includes(word));
    for (const product of document.querySelectorAll(".product")) product.hidden = !has(product);
    for (const vendor of document.querySelectorAll(".vendor")) {
      vendor.hidden = vendor.querySelectorAll(".product:not([hidden])").length === 0;
    }
  }

  // A word on a hit, said in passing.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id !== "feedback" || !event.submitter) return;
    event.preventDefault();
    const button = event.submitter;
    // A button that is off does not say what it stands for.
    const body = new URLSearchParams(new FormData(form, button));
    button.disabled = true;
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    button.after(said);
    try {
      const response = await fetch(form.action, { method: "POST", body });
      said.textContent = response.ok ? "Thank you, noted" : "This could not be noted";
      if (response.ok) button.remove();
    } catch (error) {
      said.textContent = "The server cannot be reached";
      button.disabled = false;
    }
  });

  dress(document);
})();
