// The review page's keys, and the rest of a long table as one scrolls. Words from a study only ever become text.
"use strict";

const typing = (target) => target.closest("input, textarea, select, dialog[open]") !== null;
const press = (id) => () => document.getElementById(id)?.click();
const KEYS = {
  j: press("go-on"),
  k: press("go-back"),
  a: press("word-approve"),
  c: press("word-changes"),
  n: () => document.getElementById("f-note")?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
};
document.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  event.preventDefault();
  act();
});

document.getElementById("f-reason")?.addEventListener("change", (event) => {
  const words = document.getElementById("f-words");
  if (words.value === "") words.value = event.target.selectedOptions[0].dataset.words;
});

document.querySelector(".window")?.addEventListener("click", (event) => {
  const cell = event.target.closest("td");
  if (!cell) return;
  document.getElementById("f-row").closest("details").open = true;
  document.getElementById("f-row").value = cell.parentElement.firstElementChild.textContent;
  document.getElementById("f-column").value = String(cell.cellIndex - 1);
});

const AT_ONCE = 100;
const KEPT = 20;

class LongTable {
  constructor(box) {
    this.box = box;
    this.body = box.querySelector("tbody");
    this.total = Number(box.dataset.total);
    this.address = box.dataset.rows;
    this.width = box.querySelectorAll("thead th").length;
    this.height = this.body.rows.length ? this.body.rows[0].getBoundingClientRect().height : 28;
    this.pieces = new Map();
    this.shown = -1;
    box.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()), { passive: true });
    document.getElementById("more-rows")?.remove();
    this.draw();
  }

  async piece(number) {
    if (!this.pieces.has(number)) {
      const asked = fetch(`${this.address}&start=${number * AT_ONCE}`, { credentials: "same-origin" });
      this.pieces.set(number, asked.then((answer) => (answer.ok ? answer.json() : null)));
      if (this.pieces.size > KEPT) this.pieces.delete(this.pieces.keys().next().value);
    }
    return this.pieces.get(number);
  }

  async draw() {
    const first = Math.floor(this.box.scrollTop / this.height / AT_ONCE);
    if (first === this.shown) return;
    this.shown = first;
    const wanted = [first - 1, first, first + 1].filter((n) => n >= 0 && n * AT_ONCE < this.total);
    const pieces = await Promise.all(wanted.map((n) => this.piece(n)));
    if (this.shown !== first || pieces.includes(null)) return;
    const rows = pieces.flatMap((piece) => this.rows(piece));
    const above = wanted[0] * AT_ONCE;
    const below = Math.max(0, this.total - above - rows.length);
    this.body.replaceChildren(this.space(above), ...rows, this.space(below));
  }

  rows(piece) {
    const marks = new Map(piece.marks.map((mark) => [`${mark[0]}/${mark[1]}`, mark]));
    return piece.rows.slice(0, AT_ONCE).map((cells, offset) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = String(piece.start + offset);
      row.append(head, ...cells.map((words, column) => this.cell(words, marks.get(`${piece.start + offset}/${column}`))));
      return row;
    });
  }

  cell(words, mark) {
    const cell = document.createElement("td");
    cell.textContent = mark ? `▲ ${words}` : words;
    if (mark) {
      cell.className = `mark ${mark[2]}`;
      cell.title = mark[4] ? `${mark[3]}; people: ${mark[4]}` : mark[3];
    }
    return cell;
  }

  space(rows) {
    const row = document.createElement("tr");
    const cell = document.createElement("td");
    cell.className = "spacer";
    cell.colSpan = this.width;
    cell.style.height = `${rows * this.height}px`;
    row.append(cell);
    return row;
  }
}

const long = document.querySelector(".window");
if (long && Number(long.dataset.total) > Number(long.dataset.first)) new LongTable(long);
