// Whatever else a static page cannot do by itself, and the start of it all.
function setUpRuns() {
  const rows = [...document.querySelectorAll("#runs-table tbody tr")].slice(RUNS_AT_FIRST);
  const button = $("all-runs");
  if (!rows.length) return;
  let all = true;
  const toggle = () => {
    all = !all;
    for (const each of rows) each.hidden = !all;
    button.textContent = all ? `Show the newest ${RUNS_AT_FIRST} only` : `Show all ${number(rows.length + RUNS_AT_FIRST)} runs`;
  };
  button.hidden = false;
  button.addEventListener("click", toggle);
  addEventListener("beforeprint", () => { if (!all) toggle(); });
  toggle();
}

function setUpAges() {
  for (const place of document.querySelectorAll("[data-moment]")) place.textContent = ago(+place.dataset.moment);
  const days = Math.floor((Date.now() / 1000 - data.generated) / DAY);
  if (days >= PAGE_IS_OLD_DAYS) $("age").textContent = ` – this page is ${days} days old and shows nothing newer`;
}

function setUpTheme() {
  const themes = ["", "light", "dark"];
  const button = $("theme");
  let kept = null;
  try { kept = localStorage.getItem("theme"); } catch { /* a page opened as a file may not remember */ }
  let now = Math.max(0, themes.indexOf(kept ?? ""));
  const apply = () => {
    if (themes[now]) document.documentElement.dataset.theme = themes[now];
    else delete document.documentElement.dataset.theme;
    button.textContent = `Colours: ${themes[now] || "auto"}`;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    now = (now + 1) % themes.length;
    apply();
    try { localStorage.setItem("theme", themes[now]); } catch { /* see above */ }
  });
  apply();
}

setUpTheme();
setUpAges();
setUpRuns();
setUpTable();
performance.mark("ready");
