// Pictures of a study's page that depend on what is chosen: as the page has them without a script, from the same data.
const SVG = document.querySelector("svg").namespaceURI;
const draw = (tag, attributes, text) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
const FRAMES = { wide: [440, 128, 14, 12, 24, 32], narrow: [320, 134, 14, 12, 20, 32] };
const styled = (n) => (n === 0 ? "c0 d0" : `c${((n - 1) % 7) + 1} d${(((n - 1) % 7) + 1 + Math.floor((n - 1) / 7)) % 5}`);
const cut = (name, most) => {
  if (name.length <= most) return name;
  const end = Math.floor(most / 3);
  return `${name.slice(0, most - end - 1)}…${name.slice(-end)}`;
};
function ticks(low, high, most) {
  const raw = (high - low) / most, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i <= Math.floor(high / step + 1e-9); i++) found.push(i * step);
  return found;
}
const shortly = (v) => (Math.abs(v) < 1e-9 ? "0" : (v < 0 ? "−" : "") + Number(Math.abs(v).toPrecision(3)));

function forestRows(of, wide) {
  const domain = D.domains[of], rows = [];
  D.arms.forEach((name, i) => {
    const c = shown.arms.has(i) && versus(of, i, shown.against);
    if (!c || c.mean === null) return;
    const single = [];
    D.seeds.forEach((seed, k) => {
      const a = domain.finals[i][k], b = domain.finals[shown.against][k];
      if (wide && a > 0 && b > 0) single.push([seed, a - b]);
    });
    const filled = c.claimed || /scores/.test(c.word);
    rows.push({ name, style: D.styles[i], mean: c.mean, low: c.low, high: c.high, single, filled, arm: i });
  });
  const mean = domain.means[shown.against];
  if (!wide && rows.length && domain.baseline !== null && mean !== null) {
    rows.push({ name: "baseline", style: -1, mean: domain.baseline - mean, low: null, high: null, single: [] });
  }
  return rows;
}

function drawForest(plot) {
  const wide = plot.dataset.forest === "wide", of = +plot.dataset.of, rows = forestRows(of, wide);
  const [width, left, right, top, size, bottom] = FRAMES[plot.dataset.forest];
  if (!rows.length) return plot.replaceChildren(make("p", "Nothing to compare.", "nothing"));
  const values = [0, ...rows.flatMap((r) => [r.mean, r.low ?? 0, r.high ?? 0, ...r.single.map((s) => s[1])])];
  let low = Math.min(...values), high = Math.max(...values);
  const air = 0.05 * (high - low) || 0.1;
  [low, high] = [low - air, high + air];
  const x = (v) => (left + ((v - low) / (high - low)) * (width - left - right)).toFixed(1);
  const height = top + size * rows.length + bottom, foot = height - bottom;
  const name = D.arms[shown.against];
  const title = `Differences from ${name} in ${D.domains[of].name} with intervals`;
  const svg = draw("svg", { class: "chart forest", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
  for (const tick of ticks(low, high, width < 400 ? 4 : 6)) {
    svg.append(draw("path", { class: "grid", d: `M${x(tick)} ${top - 4}V${foot}` }));
    svg.append(draw("text", { class: "tick x", x: x(tick), y: foot + 15 }, shortly(tick)));
  }
  svg.append(draw("path", { class: "zero", d: `M${x(0)} ${top - 4}V${foot}` }));
  const under = { class: "tick x", x: (left + width - right) / 2, y: height - 3 };
  svg.append(draw("text", under, `difference from ${cut(name, 30)}`));
  rows.forEach((r, i) => {
    const y = top + size * (i + 0.5);
    const g = draw("g", { class: r.style < 0 ? "c0 rest" : styled(r.style) });
    if (r.arm !== undefined) g.dataset.arm = r.arm;
    g.append(draw("text", { class: "key", x: 2, y: y + 4 }, cut(r.name, Math.round((left - 8) / 6.8))));
    for (const [seed, v] of r.single) {
      g.append(draw("circle", { class: "run", cx: x(v), cy: y + 7, r: 1.8, "data-tip": `${r.name}, seed ${seed}: ${signed(v, 3)}` }));
    }
    if (r.low !== null) {
      const [a, b] = [x(r.low), x(r.high)];
      g.append(draw("path", { class: "span", d: `M${a} ${y}H${b}M${a} ${y - 3}v6M${b} ${y - 3}v6` }));
    }
    const said = `${r.name}: ${signed(r.mean)}${r.low !== null ? `, 95 % interval ${between(r)}` : ""}`;
    const kind = r.filled ? "claimed" : "open";
    g.append(r.style < 0
      ? draw("path", { class: "open", d: `M${x(r.mean)} ${y - 5}l5 5l-5 5l-5 -5z`, "data-tip": said })
      : draw("circle", { class: kind, cx: x(r.mean), cy: y, r: 4.5, "data-tip": said }));
    svg.append(g);
  });
  plot.replaceChildren(svg);
}

// Every run at every evaluation gets a mark in the curves, which is seen when it is pointed at.
for (const plot of document.querySelectorAll("[data-curves]")) {
  const svg = plot.querySelector("svg"), domain = D.domains[plot.dataset.curves];
  const [x0, x1, y0, y1, l, r, t, b] = svg.dataset.axes.split(" ").map(Number);
  domain.curves.forEach((runs, arm) => {
    const g = draw("g", { class: styled(D.styles[arm]), "data-arm": arm });
    runs.forEach((curve, k) => {
      for (const [step, value] of curve) {
        const cx = l + ((step - x0) / (x1 - x0 || 1)) * (r - l);
        const cy = b - Math.min(1, Math.max(0, (value - y0) / (y1 - y0 || 1))) * (b - t);
        const said = `${D.arms[arm]}, seed ${D.seeds[k]}, step ${step}: ${plain(value, 3)}`;
        g.append(draw("circle", { class: "hit", cx: cx.toFixed(1), cy: cy.toFixed(1), r: 6, "data-tip": said }));
      }
    });
    svg.append(g);
  });
}
