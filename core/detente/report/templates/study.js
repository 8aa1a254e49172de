// What a study's page shows is chosen here: arms, domains, and the arm that others are compared with.
const D = JSON.parse(document.getElementById("payload").textContent);
const form = document.querySelector("form.controls");
const shown = { arms: new Set(), domains: new Set(), against: D.against };

// As Python writes numbers: what is just between two goes to the even one.
const fixed = (v, n) => {
  const x = v * 10 ** n;
  return x % 1 === 0.5 && x / 10 ** n === v ? (2 * Math.round(x / 2) / 10 ** n).toFixed(n) : v.toFixed(n);
};
const signed = (v, n = 2) => {
  const text = fixed(Math.abs(v), n);
  return `${Number(text) ? (v < 0 ? "−" : "+") : "±"}${text}`;
};
const plain = (v, n = 2) => (v < 0 && Number(v.toFixed(n)) ? "−" : "") + fixed(Math.abs(v), n);
const between = (c) => `${plain(c.low)} to ${plain(c.high)}`;
const pValue = (p) => (p === null ? "–" : p < 0.001 ? "< .001" : p < 1 ? fixed(p, 3).replace(/^0/, "") : "1");
const make = (tag, text = "", kind = "") => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
};

const TURNED = [["better", "worse"], ["fewer breakdowns", "more breakdowns"],
  ["higher scores, more breakdowns", "lower scores, fewer breakdowns"]];
function turned(c) {
  const minus = (v) => (v === null ? null : -v);
  const pair = TURNED.find((words) => words.includes(c.word));
  const word = pair ? pair[1 - pair.indexOf(c.word)] : c.word;
  return { ...c, claimed: -c.claimed, word, mean: minus(c.mean), low: minus(c.high), high: minus(c.low),
    chance: c.chance === null ? null : 1 - c.chance, own: c.other, other: c.own };
}
function versus(of, arm, against) {
  if (arm === against) return null;
  const domain = D.domains[of];
  const rows = against === D.against ? domain.main : domain.pairs;
  const is = (row, a, b) => row[0] === a && row[1] === b;
  const row = rows.find((row) => is(row, arm, against) || is(row, against, arm));
  if (!row) return null;
  const found = Object.fromEntries(D.columns.map((name, i) => [name, row[i]]));
  return found.arm === arm ? found : turned(found);
}
const mark = (c) => (c.claimed > 0 ? "▲ " : c.claimed < 0 ? "▼ " : "") + c.word;
const decided = (c) => mark(c) + (c.more ? `: ${c.more}` : "");

function hide(element, out) {
  element.toggleAttribute("hidden", out);
}
function visible(element) {
  const { arm, other, domain } = element.dataset;
  return (arm === undefined || shown.arms.has(+arm)) && (other === undefined || shown.arms.has(+other)) &&
    (domain === undefined || shown.domains.has(+domain));
}

function firstRow(row) {
  const of = +row.dataset.first;
  const domain = D.domains[of];
  const part = (name) => row.querySelector(`[data-part=${name}]`);
  const scored = [...shown.arms].filter((i) => domain.means[i] !== null).sort((a, b) => a - b);
  if (!scored.length) return;
  const best = scored.reduce((a, b) => (domain.means[b] > domain.means[a] ? b : a));
  const c = versus(of, best, shown.against);
  part("arm").replaceChildren(armName(best));
  part("mean").textContent = plain(domain.means[best]);
  part("delta").replaceChildren(c && c.mean !== null ? signed(c.mean) : "–");
  if (c && c.low !== null) part("delta").append(make("small", between(c)));
  const none = D.arms.length > 1 ? `no arm has a higher mean than ${D.arms[best]}` : "one arm";
  part("verdict").textContent = !D.complete ? "unfinished" : c ? decided(c) : none;
  const use = domain.use[best];
  part("use").replaceChildren(use ? "" : "–");
  if (use) {
    const button = make("button", "copy command", "copy");
    button.type = "button";
    button.addEventListener("click", () => done(button, use[1]));
    part("use").append(make("code", use[0]), make("code", use[1]), button);
  }
}
function armName(i) {
  return form.querySelector(`input[name=arm][value="${i}"]`).parentNode.querySelector(".arm").cloneNode(true);
}

function overviewCell(cell) {
  const c = versus(+cell.dataset.of, +cell.dataset.row, shown.against);
  cell.replaceChildren();
  if (!c || !c.pairs) return;
  if (c.claimed || !["undecided", "not tested"].includes(c.word)) {
    const small = make("small");
    small.append(make("b", mark(c), "claim"));
    cell.append(small);
  }
  const of = c.sound < c.pairs ? `, ${c.sound} of ${c.pairs} pairs` : "";
  if (c.mean !== null) cell.append(make("small", `Δ ${signed(c.mean)}${of}`));
  if (c.low !== null) cell.append(make("small", between(c)));
}

// A table of differences keeps its rows; of each all cells but the name and the last are filled anew.
function differences(body) {
  const of = +body.dataset.differences;
  for (const row of body.rows) {
    const c = versus(of, +row.dataset.arm, shown.against);
    const cells = [...row.cells].slice(1, 8);
    const texts = c && c.pairs
      ? [[c.claimed, decided(c)], [c.mean, c.mean === null ? "–" : signed(c.mean)], [c.sound, c.sound],
        [c.p, pValue(c.p)], [c.holm, pValue(c.holm)], [c.adjusted, pValue(c.adjusted)],
        [c.chance, c.chance === null ? "–" : `${fixed(100 * c.chance, 0)} %`]]
      : cells.map(() => ["", "–"]);
    cells.forEach((cell, i) => {
      cell.dataset.sort = texts[i][0] ?? "";
      cell.textContent = texts[i][1];
    });
    if (!c || !c.pairs) continue;
    const around = c.low !== null ? between(c) : c.mean !== null ? "no interval" : "";
    if (around) cells[1].append(make("small", around));
    if (c.sound < c.pairs) cells[2].append(make("small", `of ${c.pairs}`));
  }
}

function show() {
  const all = shown.arms.size === D.arms.length && shown.domains.size === D.domains.length;
  form.querySelector("output").textContent = all ? "everything"
    : `${shown.arms.size} of ${D.arms.length} arms, ${shown.domains.size} of ${D.domains.length} domains`;
  for (const each of document.querySelectorAll("main [data-arm], main [data-domain]")) {
    if (!each.closest("form")) hide(each, !visible(each));
  }
  for (const each of document.querySelectorAll(".against")) each.textContent = D.arms[shown.against];
  hide(document.querySelector("[data-elsewhere]"), shown.against === D.against);
  document.querySelectorAll("tr[data-first]").forEach(firstRow);
  document.querySelectorAll(".versus").forEach(overviewCell);
  document.querySelectorAll("[data-differences]").forEach(differences);
  document.querySelectorAll("[data-forest]").forEach(drawForest);
}

// What is chosen stands behind the # of the address, so that a link shows the same.
function write() {
  const said = new URLSearchParams();
  D.arms.forEach((name, i) => shown.arms.has(i) || said.append("hide", name));
  D.domains.forEach((domain, i) => shown.domains.has(i) || said.append("without", domain.name));
  if (shown.against !== D.against) said.append("against", D.arms[shown.against]);
  history.replaceState(null, "", `#${said}`);
}
function read() {
  if (location.hash.length > 1 && !location.hash.includes("=")) return; // a link to a section
  const said = new URLSearchParams(location.hash.slice(1));
  const hidden = said.getAll("hide"), without = said.getAll("without");
  const against = D.arms.indexOf(said.get("against"));
  shown.against = against < 0 ? D.against : against;
  shown.arms = new Set(D.arms.map((_, i) => i).filter((i) => !hidden.includes(D.arms[i])));
  shown.domains = new Set(D.domains.map((_, i) => i).filter((i) => !without.includes(D.domains[i].name)));
  for (const box of form.querySelectorAll("input")) {
    box.checked = (box.name === "arm" ? shown.arms : shown.domains).has(+box.value);
  }
  form.elements.against.value = shown.against;
  show();
}
form.addEventListener("change", () => {
  const ticked = (name) => new Set([...form.querySelectorAll(`input[name=${name}]:checked`)].map((box) => +box.value));
  shown.arms = ticked("arm");
  shown.domains = ticked("domain");
  shown.against = +form.elements.against.value;
  write();
  show();
});
form.addEventListener("reset", () => setTimeout(() => form.dispatchEvent(new Event("change"))));
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", read);

for (const cell of document.querySelectorAll(".actions")) hide(cell, false);
for (const button of document.querySelectorAll("button[data-train], button[data-recipe]")) {
  const { train, recipe, row } = button.dataset;
  const text = train !== undefined ? D.domains[train].train[row] : D.domains[recipe].recipes[row];
  button.addEventListener("click", () => done(button, text));
}
addEventListener("DOMContentLoaded", () => {
  hide(form, false);
  read();
});
