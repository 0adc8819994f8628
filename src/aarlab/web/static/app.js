// Keeps a page up to date: the server says that there is something new, the page reads itself again, and every element
// with an id and `data-live` is replaced by its new self. Without this script all pages and forms work all the same.
"use strict";

const stream = document.body.dataset.stream;
const line = document.getElementById("line");
const PAUSE = 150; // least milliseconds between two readings
const RETRY = 1000;
const WORKING = /-1(,|$)/; // somebody is at work: clocks and signs of life go on without an entry in the ledger
let source = null;
let mark = document.body.dataset.mark || "";
let reading = false;
let again = false;

// What was done is said once; the address is that of the page.
if (new URLSearchParams(location.search).has("note")) history.replaceState(null, "", location.pathname);

function open() {
  if (!stream || source) return;
  source = new EventSource(`${stream}?known=${encodeURIComponent(mark)}`);
  source.onopen = () => say("");
  source.onerror = () => {
    say("not connected; trying again");
    if (source && source.readyState === EventSource.CLOSED) {
      close();
      setTimeout(open, RETRY);
    }
  };
  for (const kind of ["news", "tick"])
    source.addEventListener(kind, (event) => {
      mark = event.data;
      if (kind === "news" || WORKING.test(mark)) read();
    });
}

function close() {
  if (source) source.close();
  source = null;
}

function say(words) {
  if (line.textContent !== words) line.textContent = words;
}

async function read() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  again = false;
  try {
    const answer = await fetch(location.pathname + location.search, { headers: { accept: "text/html" } });
    if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no connection: the stream notices it, too
  }
  setTimeout(() => {
    reading = false;
    if (again) read();
  }, PAUSE);
}

function replace(fresh) {
  const live = (page) => [...page.querySelectorAll("[data-live][id]")];
  const ids = (page) => live(page).map((one) => one.id).join(" ");
  document.title = fresh.title;
  if (ids(fresh) === ids(document)) {
    for (const old of live(document)) update(old, fresh.getElementById(old.id));
  } else {
    update(document.getElementById("main"), fresh.getElementById("main")); // another page by now: the study has begun
  }
}

function update(old, now) {
  if (now.innerHTML !== old.dataset.shown && !busy(old)) swap(old, now);
}

// What somebody is writing into, or has marked, is left alone.
function busy(element) {
  const focus = document.activeElement;
  const chosen = document.getSelection();
  const marked = chosen && !chosen.isCollapsed && element.contains(chosen.anchorNode);
  return marked || (element.contains(focus) && focus.matches("input, textarea, select"));
}

function swap(old, now) {
  const html = now.innerHTML;
  const focus = old.contains(document.activeElement) ? place(old, document.activeElement) : null;
  const opened = [...old.querySelectorAll("details[open][id]")].map((one) => one.id);
  const scrolled = [...old.querySelectorAll(".scroll")].map((one) => [one.scrollLeft, one.scrollTop]);
  old.replaceChildren(...now.childNodes);
  old.dataset.shown = html;
  for (const id of opened) old.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  [...old.querySelectorAll(".scroll")].forEach((one, number) => {
    if (scrolled[number]) [one.scrollLeft, one.scrollTop] = scrolled[number];
  });
  if (focus) find(old, focus)?.focus({ preventScroll: true });
}

// Where the focus was: a link by its target, a button by its form's target, anything else by its id.
function place(root, element) {
  const form = element.closest("form");
  const key = (one) => one.getAttribute("href") || one.closest("form")?.getAttribute("action") || one.id;
  const all = [...root.querySelectorAll(element.tagName)].filter((one) => key(one) === key(element));
  return { tag: element.tagName, value: key(element), form: Boolean(form), number: all.indexOf(element) };
}

function find(root, { tag, value, number }) {
  const key = (one) => one.getAttribute("href") || one.closest("form")?.getAttribute("action") || one.id;
  return [...root.querySelectorAll(tag)].filter((one) => key(one) === value)[number];
}

// A browser keeps few connections to one server: a page that nobody sees lets its own go.
document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
window.addEventListener("pagehide", close);
open();
