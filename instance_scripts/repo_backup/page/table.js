// The table of repositories: searching, ordering, turning pages; a row opens to its history.
const lower = data.name.map((name) => name.toLowerCase());
const isPrivate = new Set(data.private);
const KEYS = {
  name: (index) => index, // they come by name
  status: (index) => data.status[index],
  bytes: (index) => data.bytes[index] ?? -1,
  lastGood: (index) => data.lastGood[index] ?? -1,
  readBack: (index) => data.readBack[index],
};
const state = { words: [], status: "", order: "status", page: 0, shown: [] };
let body, headers;

function matches() {
  const wanted = data.statuses.findIndex(([word]) => word === state.status);
  const chosen = [];
  for (let index = 0; index < lower.length; index++) {
    if (state.status && data.status[index] !== wanted) continue;
    if (state.words.every((word) => lower[index].includes(word))) chosen.push(index);
  }
  const down = state.order.startsWith("-");
  const key = KEYS[down ? state.order.slice(1) : state.order];
  const sign = down ? -1 : 1;
  return chosen.sort((a, b) => {
    const [one, other] = [key(a), key(b)];
    return one === other ? a - b : (one < other ? -1 : 1) * sign;
  });
}

function update() {
  state.shown = matches();
  state.page = 0;
  draw();
  const [all, found] = [data.name.length, state.shown.length];
  const many = all === 1 ? "repository" : "repositories";
  const which = found === all ? `${number(all)} ${many}` : `${number(found)} of ${number(all)} ${many}`;
  const where = found > ROWS_A_PAGE ? `, ${position()}` : "";
  $("found").textContent = found ? `${which}${where}` : "No repository matches.";
}

function position() {
  const first = state.page * ROWS_A_PAGE;
  return `shown: ${number(first + 1)} to ${number(Math.min(first + ROWS_A_PAGE, state.shown.length))}`;
}

function draw() {
  const first = state.page * ROWS_A_PAGE;
  body.replaceChildren(...state.shown.slice(first, first + ROWS_A_PAGE).map(row));
  const [column, direction] = state.order.startsWith("-") ? [state.order.slice(1), "descending"] : [state.order, "ascending"];
  for (const [name, header] of headers) {
    if (name === column) header.setAttribute("aria-sort", direction);
    else header.removeAttribute("aria-sort");
  }
  drawPages();
}

function drawPages() {
  const pages = Math.ceil(state.shown.length / ROWS_A_PAGE);
  const place = $("pages");
  place.hidden = pages < 2;
  if (pages < 2) return;
  const turn = (text, by) => {
    const button = element("button", { type: "button", textContent: text, disabled: state.page + by < 0 || state.page + by >= pages });
    button.addEventListener("click", () => {
      state.page += by;
      draw();
      $("found").textContent = `${number(state.shown.length)} repositories, ${position()}`;
      const same = place.querySelectorAll("button")[by < 0 ? 0 : 1];
      (same.disabled ? place.querySelector("button:enabled") : same).focus();
    });
    return button;
  };
  const where = element("span", { textContent: `page ${number(state.page + 1)} of ${number(pages)}` });
  place.replaceChildren(turn("Previous", -1), turn("Next", 1), where);
}

function mark(tone) {
  const template = document.querySelector(`.mark.${tone}`);
  if (template) return template.cloneNode(true);
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", `mark ${tone}`);
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("aria-hidden", "true");
  const circle = document.createElementNS(space, "circle");
  for (const name of ["cx", "cy", "r"]) circle.setAttribute(name, "16");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", { good: "M8 17l6 6L25 10", watch: "M16 8v10M16 23v1", bad: "M10 10l12 12M22 10L10 22" }[tone] ?? "M9 16h14");
  svg.append(circle, path);
  return svg;
}

function row(index) {
  const [word, tone] = data.statuses[data.status[index]];
  const last = data.lastGood[index];
  const open = element("button", { type: "button", className: "open", "aria-expanded": "false" }, element("bdi", { textContent: data.name[index] }));
  const verdict = element("span", { className: "verdict" }, mark(tone), element("span", { textContent: word }));
  const status = element("td", {}, verdict);
  if (data.reason[index]) status.append(element("bdi", { className: "why" }, ...dated(data.reason[index])));
  const lastGood = last !== null ? day(data.runs[last][1]) : word === "empty" ? "nothing to save" : "never";
  status.append(element("span", { className: "why narrow" }, ...dated(`last good backup: ${lastGood}`)));
  const made = element("tr", {},
    element("th", { scope: "row" }, open),
    status,
    element("td", { className: "wide", textContent: lastGood }),
    element("td", { className: "wide", textContent: readBack(index) || "not yet" }),
    element("td", { className: "number wide", textContent: data.bytes[index] === null ? "–" : size(data.bytes[index]) }));
  open.addEventListener("click", () => {
    const shown = open.getAttribute("aria-expanded") === "true";
    open.setAttribute("aria-expanded", String(!shown));
    if (shown) made.nextElementSibling.remove();
    else made.after(more(index));
  });
  return made;
}

function more(index) {
  const cell = element("td", { colspan: COLUMNS.length });
  const facts = [];
  if (isPrivate.has(index)) facts.push("private");
  if (data.bytes[index] !== null) facts.push(size(data.bytes[index]));
  const further = data.kinds.filter(([name]) => data.further[index]?.[name] !== undefined);
  for (const [name, one] of further) facts.push(`its ${one} ${size(data.further[index][name])}`);
  if (data.readBack[index]) facts.push(`restored in a drill on ${readBack(index)}`);
  if (facts.length) cell.append(element("p", {}, ...dated(facts.join(", "))));
  if (data.former[index]) cell.append(element("p", {}, "earlier called ", element("bdi", { textContent: data.former[index].join(", ") })));
  for (const text of data.warnings[index] ?? []) cell.append(element("p", {}, "warning: ", element("bdi", { textContent: text })));
  cell.append(element("h3", { textContent: "Restore it" }));
  if (!data.restorable[index]) {
    cell.append(element("p", { textContent: "No repository of GitHub has such a name; the program does not restore it by name." }));
  } else if (data.bytes[index] === null && !further.length) {
    cell.append(element("p", { textContent: "There is no archive of it." }));
  } else {
    if (data.bytes[index] !== null) cell.append(restore(index));
    for (const [, one, choice] of further) cell.append(restore(index, one, choice));
  }
  cell.append(element("h3", { textContent: "History" }), history(index));
  return element("tr", { className: "more" }, cell);
}

function restore(index, one = null, choice = null) {
  const text = command(index, { choice });
  return element("div", { className: "command" },
    element("code", {}, ...words(text)),
    copier(text, "Copy", one ? `Copy the command that restores the ${one}` : "Copy the command that restores it"));
}

function words(text) {
  // A line may break between the words of a command, never at the hyphens of an option.
  return text.split(" ").flatMap((word, at) => [at ? " " : "", element("span", { textContent: word })]);
}

function history(index) {
  // "b1u12f2" is: saved in one run, unchanged in twelve, failed in two, from the oldest run on.
  const uploads = new Map();
  for (let at = 0; at < data.uploads[index].length; at += 2) uploads.set(data.uploads[index][at], data.uploads[index][at + 1]);
  const spans = [];
  let run = 0;
  for (const [, letter, count] of data.history[index].matchAll(/([a-z.-])(\d+)/g)) {
    for (const end = run + +count; run < end; run++) {
      const before = spans.at(-1);
      if (letter === NO_RESULT || (letter === UNLISTED && !before)) continue;
      if (before?.letter === letter && !uploads.has(run) && data.narrowed.includes(run) === data.narrowed.includes(before.to)) {
        before.to = run;
        before.runs += 1;
      } else spans.push({ letter, from: run, to: run, runs: 1 });
    }
  }
  const lines = spans.reverse().map(({ letter, from, to, runs }) => {
    const when = element("th", { scope: "row" }, element("span", { textContent: day(data.runs[from][1]) }));
    if (runs > 1) when.append(" to ", element("span", { textContent: day(data.runs[to][1]) }), ` (${runs} runs)`);
    const uploaded = uploads.get(from);
    const last = element("td");
    if (GOOD.includes(letter) && data.restorable[index] && (data.bytes[index] !== null)) {
      const title = `Copy the command that restores the state of ${day(data.runs[to][1])}`;
      last.append(copier(command(index, { run: to }), "Copy", title));
    }
    return element("tr", {},
      when,
      element("td", { textContent: letter === SKIPPED && data.narrowed.includes(from) ? "not selected" : WORDS[letter] }),
      element("td", { className: "number wide", textContent: uploaded === undefined ? "" : size(uploaded) }),
      last);
  });
  const titles = [["Run", ""], ["What it did", ""], ["Uploaded", "number wide"], ["Restore that state", ""]];
  const head = element("tr", {}, ...titles.map(([textContent, className]) => element("th", { scope: "col", textContent, className })));
  return element("table", { className: "history", "aria-label": `History of ${data.name[index]}` }, element("thead", {}, head), element("tbody", {}, ...lines));
}

function setUpTable() {
  headers = COLUMNS.map(([name, title, className]) => {
    const button = element("button", { type: "button", textContent: title });
    const header = element("th", { scope: "col", className }, button);
    button.addEventListener("click", () => {
      state.order = state.order === name ? `-${name}` : name;
      $("order").value = state.order;
      update();
    });
    return [name, header];
  });
  body = element("tbody");
  const table = element("table", { id: "table" },
    element("caption", { textContent: "Repositories; open one for its history and the command that restores it" }),
    element("thead", {}, element("tr", {}, ...headers.map(([, header]) => header))), body);
  $("table-place").append(element("div", { className: "scroll", role: "region", tabIndex: 0, "aria-label": "Table of repositories" }, table));
  $("search").hidden = false;
  $("search").addEventListener("submit", (event) => event.preventDefault());
  $("query").addEventListener("input", (event) => {
    state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    update();
  });
  $("filter").addEventListener("change", (event) => { state.status = event.target.value; update(); });
  $("order").addEventListener("change", (event) => { state.order = event.target.value; update(); });
  for (const link of document.querySelectorAll("a[data-status]")) {
    link.addEventListener("click", () => {
      $("filter").value = state.status = link.dataset.status;
      update();
    });
  }
  update();
}
