// What every page does: words on what is pointed at or focused, and copying.
const tip = document.createElement("div");
tip.id = "tip";
tip.className = "tip";
tip.setAttribute("role", "status");
tip.hidden = true;
document.body.append(tip);

function tell(target, text = target.dataset.tip) {
  tip.textContent = text;
  tip.hidden = false;
  const box = target.getBoundingClientRect();
  const left = Math.min(Math.max(4, box.left + box.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 4);
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${above > 4 ? above : Math.min(box.bottom + 8, innerHeight - tip.offsetHeight - 4)}px`;
}
function hush() {
  tip.hidden = true;
  for (const each of document.querySelectorAll(".on")) each.classList.remove("on");
}
const told = (event) => event.target.closest?.("[data-tip]");
addEventListener("pointerover", (event) => {
  const target = told(event);
  hush();
  if (target) tell(target);
});
addEventListener("focusin", (event) => {
  const target = told(event);
  if (target) tell(target);
});
addEventListener("focusout", hush);
addEventListener("scroll", hush, { passive: true });

// In a picture the arrow keys go from mark to mark: left and right in it, up and down to the next group.
function listen(plot) {
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  const name = plot.querySelector("svg")?.getAttribute("aria-label") ?? "Picture";
  plot.setAttribute("aria-label", `${name}. The arrow keys go from mark to mark.`);
  plot.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") hush();
    if (!by) return;
    event.preventDefault();
    const marks = [...plot.querySelectorAll("[data-tip]")].filter((mark) => !mark.closest("[hidden]"));
    if (!marks.length) return;
    const group = (mark) => mark.closest("g");
    const now = marks.findIndex((mark) => mark.classList.contains("on"));
    let next = now < 0 ? (by > 0 ? 0 : marks.length - 1) : now + by;
    if (now >= 0 && event.key.match(/Up|Down/)) {
      next = marks.findIndex((mark, i) => (by > 0 ? i > now : true) && group(mark) !== group(marks[now]));
      if (by < 0) {
        const before = marks.slice(0, now).reverse().find((mark) => group(mark) !== group(marks[now]));
        next = before ? marks.findIndex((mark) => group(mark) === group(before)) : -1;
      }
    }
    const mark = marks[(next + marks.length) % marks.length];
    hush();
    mark.classList.add("on");
    tell(mark);
  });
  plot.addEventListener("focus", () => plot.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" })));
}
for (const plot of document.querySelectorAll(".plot")) listen(plot);

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
for (const command of document.querySelectorAll("pre.command")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "copy command";
  button.addEventListener("click", () => done(button, command.textContent));
  command.after(button);
}
async function done(button, text) {
  const before = button.dataset.text ?? button.textContent;
  button.dataset.text = before;
  await copy(text);
  button.textContent = "copied";
  setTimeout(() => (button.textContent = before), 1500);
}
const closed = () => [...document.querySelectorAll("details:not([open])")];
let opened = [];
addEventListener("beforeprint", () => {
  opened = closed();
  for (const each of opened) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of opened) each.open = false;
});
