// What pages do beyond reading: nothing here is needed to read or to send a form. No markup is ever made from text.
"use strict";

document.querySelector(".told[role=alert][tabindex]")?.focus();

// A page that shows something moving asks where it stands now, and stops when it has come to rest.
const poll = document.querySelector("[data-poll]");

function show(badge, line) {
  badge.className = "status " + line.tone;
  badge.replaceChildren();
  const sign = document.createElement("span");
  sign.setAttribute("aria-hidden", "true");
  sign.textContent = line.sign;
  badge.append(sign, " " + line.words);
}

function refresh(job) {
  show(poll.querySelector("[data-stage]"), job);
  for (const line of job.actions) {
    const row = poll.querySelector(`[data-action="${CSS.escape(line.action)}"]`);
    show(row.querySelector("[data-state]"), line);
    row.querySelector("[data-took]").textContent = line.took || "-";
    row.querySelector("[data-why]").textContent = (line.why || "-").replaceAll("`", "");
    const box = poll.querySelector(`[data-box="${CSS.escape(line.action)}"]`);
    box.setAttribute("class", "box " + line.tone);
    box.querySelector("[data-sign]").textContent = line.sign + " " + line.words;
  }
}

async function watch() {
  const answer = await fetch(poll.dataset.poll, { headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const job = await answer.json();
  refresh(job);
  if (job.moving) setTimeout(watch, 2000);
  else location.reload();
}

if (poll) setTimeout(watch, 2000);

// A form that is saved as it is typed: a moment after the last key, by the same address as its button.
const draft = document.querySelector("form[data-autosave]");
let waiting = 0;

async function keep() {
  const filled = new FormData(draft);
  filled.set("do", "keep");
  const answer = await fetch(draft.action, { method: "POST", body: new URLSearchParams(filled) });
  const told = document.querySelector("[data-saved]");
  if (answer.ok) told.textContent = "Saved " + (await answer.json()).saved.slice(0, 16).replace("T", " ");
  else told.textContent = "Not saved: use the button below.";
}

draft?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(keep, 800);
});
