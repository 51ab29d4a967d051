// What the other parts use: the data, elements, words and numbers, and the clipboard. Everything
// that is shown is set as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const ROWS_A_PAGE = 50;
const RUNS_AT_FIRST = 12;
const DAY = 86400;
const PAGE_IS_OLD_DAYS = 8;
const WORDS = {
  b: "backed up", u: "unchanged", e: "empty", s: "excluded", f: "failed",
  w: `saved, but not its ${data.kinds.map(([, one]) => one).join(" or ")}`, x: "not what the run wrote", ".": "not listed",
};
const GOOD = "buw";
const SKIPPED = "s";
const [UNLISTED, NO_RESULT] = [".", "-"]; // the run did not list it, the run listed nothing at all
const COLUMNS = [
  ["name", "Repository", ""], ["status", "Status", ""], ["lastGood", "Last good backup", "wide"],
  ["readBack", "Restored in a drill", "wide"], ["bytes", "Size", "number wide"],
];

const $ = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "scope" || name === "colspan") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

// The text in parts, so that no date in it is broken over two lines.
function dated(text) {
  const parts = text.split(/((?:\b[A-Z][a-z]{2} )?\b\d{4}-\d\d-\d\d(?:T[\d:.-]+Z?)?)/);
  return parts.map((part, at) => (at % 2 ? element("span", { className: "date", textContent: part }) : part));
}

function say(text) {
  const region = $("said");
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);
}

// ---- words and numbers

function size(count) {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (count < 1000) return unit === "B" ? `${count} B` : `${count.toFixed(1)} ${unit}`;
    count /= 1000;
  }
  return `${count.toFixed(1)} TB`;
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

function day(seconds) {
  const moment = new Date(seconds * 1000);
  return `${WEEKDAYS[moment.getUTCDay()]} ${moment.toISOString().slice(0, 10)}`;
}

function ago(seconds) {
  const days = Math.floor((Date.now() / 1000 - seconds) / DAY);
  if (days < 0) return "";
  return days === 0 ? "today" : days === 1 ? "1 day ago" : `${days} days ago`;
}

const readBack = (index) => data.readBack[index] && day(Date.parse(data.readBack[index]) / 1000);

const number = (value) => value.toLocaleString("en");

function quoted(word) {
  // As a POSIX shell wants it: single quotes around everything that is not plainly harmless.
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

function command(index, { choice = null, run = null } = {}) {
  const words = ["repo-backup", "restore", data.name[index]];
  if (choice !== null) words.push(choice);
  words.push("--source", data.source);
  if (run !== null) words.push("--run-id", data.runs[run][0]);
  return [...words, "--into", "."].map(quoted).join(" ");
}

// ---- copying

async function copy(text, from, label) {
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    // A page opened as a file may not have the clipboard everywhere: select, and copy as of old.
    const area = element("textarea", { value: text, className: "unseen", "aria-hidden": "true" });
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    from.focus();
  }
  say(done ? "The command is copied." : "Copying did not work; select the command instead.");
  from.textContent = done ? "Copied ✓" : "Did not work";
  setTimeout(() => { from.textContent = label; }, 2000);
}

function copier(text, label, title) {
  const button = element("button", { type: "button", textContent: label });
  if (title) button.setAttribute("aria-label", title);
  button.addEventListener("click", () => copy(text, button, label));
  return button;
}
