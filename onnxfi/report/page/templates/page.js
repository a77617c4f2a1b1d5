"use strict";
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const root = document.documentElement;

// What only works with this script is shown by it.
all(".no-js").forEach((element) => element.classList.remove("no-js"));

// Theme: the system's, until the reader chooses. Pages from a file may have no storage.
const stored = { get: () => { try { return localStorage.getItem("onnxfi-theme"); } catch { return null; } },
                 set: (value) => { try { localStorage.setItem("onnxfi-theme", value); } catch {} } };
const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
const theme = document.getElementById("theme");
const showTheme = () => { theme.textContent = isDark() ? "Light colours" : "Dark colours"; };
if (stored.get()) root.dataset.theme = stored.get();
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  stored.set(root.dataset.theme);
  showTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
showTheme();

// Sorting: a button in each heading; numbers fall first, names rise first.
const value = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
const compare = (a, b) => {
  const numbers = [Number(a), Number(b)];
  return a !== "" && b !== "" && !numbers.some(Number.isNaN) ? numbers[0] - numbers[1]
    : a.localeCompare(b, undefined, { numeric: true });
};
for (const table of all("table.sortable")) {
  const headings = all("thead th", table);
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const falls = heading.classList.contains("n");
      const order = { none: falls ? "descending" : "ascending", ascending: "descending", descending: "ascending" };
      const next = order[heading.getAttribute("aria-sort") ?? "none"];
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort((a, b) => sign * compare(value(a, column), value(b, column))));
    });
  });
}

// Filtering: all words of the search must be in the row.
for (const tools of all(".tools[data-table]")) {
  const rows = [...document.getElementById(tools.dataset.table).tBodies[0].rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const search = tools.querySelector("input");
  const choice = tools.querySelector("select");
  const count = tools.querySelector("output");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, place) => {
      const fits = words.every((word) => texts[place].includes(word)) && (!choice?.value || row.dataset.model === choice.value);
      row.hidden = !fits;
      shown += fits;
    });
    count.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
  };
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => { if (event.key === "Escape") { search.value = ""; filter(); } });
  choice?.addEventListener("change", filter);
  filter();
}

// The key / goes to the first search, as on many sites.
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.target.closest("input, select, textarea")) {
    const search = document.querySelector(".tools input");
    if (search) { event.preventDefault(); search.focus(); }
  }
});

// A choice of one of several pictures.
for (const select of all("select[data-shows]")) {
  const pictures = all(`#${select.dataset.shows} > *`);
  const show = () => pictures.forEach((picture) => { picture.hidden = picture.dataset.name !== select.value; });
  select.addEventListener("change", show);
  show();
}

// Copying, also where the page came from a file and the clipboard is not to be had otherwise.
const copy = async (text) => {
  try { await navigator.clipboard.writeText(text); return true; } catch {}
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  try { return document.execCommand("copy"); } finally { area.remove(); }
};
all("button.copy").forEach((button) => button.addEventListener("click", async () => {
  const done = await copy(button.previousElementSibling.textContent);
  button.focus();
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  if (!done) getSelection().selectAllChildren(button.previousElementSibling);
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}));

// A link to something inside a fold opens it; paper shows all folds.
const reveal = () => {
  const element = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!element) return;
  for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  element.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();
let opened = [];
addEventListener("beforeprint", () => { opened = all("details:not([open])"); opened.forEach((fold) => { fold.open = true; }); });
addEventListener("afterprint", () => opened.forEach((fold) => { fold.open = false; }));

// The contents show the section that is being read.
const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) {
    links.forEach((link) => link.removeAttribute("aria-current"));
    links.get(entry.target.id)?.setAttribute("aria-current", "true");
  }
}, { rootMargin: "-10% 0px -80% 0px" });
all("main > section").forEach((section) => watcher.observe(section));
