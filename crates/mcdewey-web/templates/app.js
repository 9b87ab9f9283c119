// Progressive enhancement: keyboard shortcuts, results while typing, copy buttons, the library filter, and feedback
// without leaving the page. Every page works without this file.
"use strict";

(() => {
  const TYPING_PAUSE_MS = 300;
  const MIN_QUERY_LENGTH = 3;
  const COPIED_MS = 2000;

  const searchInput = () => document.querySelector('form.search input[name="q"]');
  const acceptsText = (element) => element?.matches?.("input, textarea, select, [contenteditable]") ?? false;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (acceptsText(document.activeElement)) return;
    if (event.key === "/" && searchInput()) {
      event.preventDefault();
      searchInput().focus();
      searchInput().select();
    }
    if (event.key === "j") focusHit(1);
    if (event.key === "k") focusHit(-1);
  });

  // Moves the focus from hit to hit.
  function focusHit(offset) {
    const links = [...document.querySelectorAll(".hit h3 a")];
    if (links.length === 0) return;
    const current = links.indexOf(document.activeElement);
    links[Math.min(Math.max(current + offset, 0), links.length - 1)].focus();
  }

  // Results while typing, on the search page only.
  let timer;
  let pendingRequest;
  // Identifies this page, so that the server counts only the question at which typing pauses.
  const typingId = Math.random().toString(36).slice(2);

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (event.target.name !== "q" || !form?.matches("form.search[data-live]")) return;
    clearTimeout(timer);
    pendingRequest?.abort();
    if (event.target.value.trim().length < MIN_QUERY_LENGTH) return;
    timer = setTimeout(() => search(form), TYPING_PAUSE_MS);
  });

  async function search(form) {
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (value !== "") url.searchParams.append(name, value);
    pendingRequest = new AbortController();
    try {
      const headers = { accept: "text/html", "x-mcdewey-typing": typingId };
      const response = await fetch(url, { signal: pendingRequest.signal, headers });
      if (response.status === 429 || response.status === 503) return;
      showPage(new DOMParser().parseFromString(await response.text(), "text/html"), url);
    } catch (error) {
      // The search button still works if the network does not.
      if (error.name !== "AbortError") console.warn(error);
    }
  }

  // Replaces the main content, and keeps the text and the selection of the search box.
  function showPage(page, url) {
    const { value, selectionStart, selectionEnd } = searchInput();
    document.querySelector("main").replaceChildren(...page.querySelector("main").children);
    document.title = page.title;
    history.replaceState(null, "", url);
    const input = searchInput();
    input.value = value;
    input.focus({ preventScroll: true });
    input.setSelectionRange(selectionStart, selectionEnd);
    enhance(document);
  }

  // Adds copy buttons and activates the library filter.
  function enhance(root) {
    for (const text of root.querySelectorAll("pre[data-copy]")) {
      if (!navigator.clipboard || text.parentElement.classList.contains("copied")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
      });
      text.parentElement.classList.add("copied");
      text.parentElement.append(button);
    }
    const filter = root.querySelector("input[data-filter]");
    filter?.addEventListener("input", () => filterProducts(filter.value));
  }

  // Hides products without all the words, and vendors without visible products.
  function filterProducts(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (element) => words.every((word) => element.textContent.toLowerCase().includes(word));
    for (const product of document.querySelectorAll(".product")) product.hidden = !matches(product);
    for (const vendor of document.querySelectorAll(".vendor")) {
      vendor.hidden = vendor.querySelectorAll(".product:not([hidden])").length === 0;
    }
  }

  // Sends feedback in the background.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id !== "feedback" || !event.submitter) return;
    event.preventDefault();
    const button = event.submitter;
    // Before disabling the button, because a disabled button is not part of the form data.
    const body = new URLSearchParams(new FormData(form, button));
    button.disabled = true;
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    button.after(status);
    try {
      const response = await fetch(form.action, { method: "POST", body });
      status.textContent = response.ok ? "Thanks for your feedback" : "Feedback could not be saved";
      if (!response.ok) return;
      // The question before the button is answered.
      if (button.previousElementSibling) button.previousElementSibling.remove();
      button.remove();
    } catch (error) {
      status.textContent = "Could not reach the server";
      button.disabled = false;
    }
  });

  enhance(document);
})();
