// Two arms side by side from the same latents; of sounds, a blind trial of whether they can be told apart.
function choose(label, chosen) {
  const outer = make("label", `${label} `), select = make("select");
  D.arms.forEach((name, i) => select.append(new Option(name, i, false, i === chosen)));
  outer.append(select);
  return [outer, select];
}
const chance = (n, right) => {
  // How often guessing does as well: the upper tail of the binomial distribution.
  let term = 0.5 ** n, sum = 0;
  for (let k = 0; k <= n; k++) {
    if (k >= right) sum += term;
    term *= (n - k) / (k + 1);
  }
  return Math.min(1, sum);
};

function trial(sides) {
  const sounds = sides.map((side) => [...side.querySelectorAll("audio")]);
  const count = Math.min(sounds[0].length, sounds[1].length);
  if (!count) return null;
  const box = make("fieldset");
  box.append(make("legend", "Can you hear which is which?"));
  const state = { n: 0, right: 0, which: 0, x: 0 };
  const player = make("audio"), score = make("output", "0 of 0 right");
  const deal = () => {
    state.which = Math.floor(Math.random() * count);
    state.x = Math.random() < 0.5 ? 0 : 1;
  };
  const button = (text, act) => {
    const made = make("button", text);
    made.type = "button";
    made.addEventListener("click", act);
    box.append(made, " ");
    return made;
  };
  const play = (side) => () => {
    player.src = sounds[side()][state.which].src;
    player.play().catch(() => {});
  };
  const guess = (side) => () => {
    state.n += 1;
    state.right += side === state.x;
    score.textContent = `${state.right} of ${state.n} right; by guessing as many or more with a chance of ${(100 * chance(state.n, state.right)).toFixed(0)} %`;
    box.dataset.last = side === state.x ? "right" : "wrong";
    deal();
  };
  button("play A", play(() => 0));
  button("play B", play(() => 1));
  button("play X", play(() => state.x));
  button("X is A", guess(0));
  button("X is B", guess(1));
  box.append(score, player);
  deal();
  return box;
}

for (const duel of document.querySelectorAll(".duel")) {
  const gallery = duel.nextElementSibling;
  const others = D.arms.map((_, i) => i).filter((i) => i !== D.against);
  if (!gallery || !others.length) continue;
  const details = make("details"), picked = make("p"), beside = make("div", "", "versus-samples"), below = make("div");
  details.append(make("summary", "Compare two arms side by side"), picked, beside, below);
  const scored = D.domains[duel.dataset.of].means;
  const best = others.reduce((a, b) => ((scored[b] ?? -1) > (scored[a] ?? -1) ? b : a));
  const [a, left] = choose("A:", D.against), [b, right] = choose("B:", best);
  picked.append(a, " ", b);
  const fill = () => {
    const sides = [left, right].map((select, i) => {
      const own = gallery.querySelector(`figure[data-arm="${select.value}"]`)?.cloneNode(true) ?? make("p", "no samples");
      own.hidden = false;
      own.removeAttribute("data-arm");
      own.prepend(make("b", "AB"[i]));
      for (const each of own.querySelectorAll("[aria-label]")) each.ariaLabel = `${"AB"[i]}: ${each.ariaLabel}`;
      return own;
    });
    beside.replaceChildren(...sides);
    below.replaceChildren(...[trial(sides)].filter(Boolean));
  };
  picked.addEventListener("change", fill);
  details.addEventListener("toggle", () => details.open && !beside.children.length && fill());
  duel.append(details);
  duel.hidden = false;
}
