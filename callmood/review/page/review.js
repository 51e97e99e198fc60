"use strict";

// One segment after the other: play it, take a label, save it, go on. What was saved is in the database; a reload asks for
// it again.

const $ = (id) => document.getElementById(id);
const CANT_TELL = "x";
const keys = new Map(); // a letter of its own for each label: s is sad, u surprised
let contents, at = 0, editing = false, saving = false;

async function begin() {
  const answer = await fetch("contents");
  if (!answer.ok) return complain("The page can't be loaded. Is callmood review still running?");
  contents = await answer.json();
  for (const label of contents.labels) keys.set([...label].find((letter) => !keys.has(letter)), label);
  keys.set(CANT_TELL, null);
  for (const label of [...contents.labels, null]) $("labels").append(labelButton(label));
  const open = contents.items.findIndex((item) => !item.said);
  at = open < 0 ? contents.items.length : open;
  show();
}

function labelButton(label) {
  const button = document.createElement("button");
  const key = document.createElement("kbd");
  key.textContent = [...keys].find(([, named]) => named === label)[0].toUpperCase();
  button.type = "button";
  button.dataset.label = label ?? "";
  button.append(key, ` ${label ?? "can't tell"}`);
  button.addEventListener("click", () => save(label));
  return button;
}

function show() {
  const items = contents.items;
  const done = items.filter((item) => item.said).length;
  $("progress").textContent = `${done} of ${items.length} heard by ${contents.reviewer}`;
  const item = items[at];
  $("item").hidden = !item;
  $("end").hidden = Boolean(item);
  edit(false);
  if (!item) return $("sound").pause();
  const said = item.said ?? {};
  $("where").textContent = [item.call, item.agent, item.started_at, `at ${item.time}`].filter(Boolean).join(" · ");
  $("reason").textContent = `Why this one: ${item.reason}.`;
  $("words").textContent = said.text ?? item.text;
  $("text").value = said.text ?? item.text;
  $("speaker").replaceChildren(...item.speakers.map(({ speaker, role }) => new Option(`speaker ${speaker} (${role})`, speaker)));
  $("speaker").value = said.said_by ?? item.speaker;
  $("role").value = said.role ?? item.role;
  $("model").textContent = modelText(item);
  for (const button of $("labels").children) {
    const label = button.dataset.label || null;
    button.setAttribute("aria-pressed", String(Boolean(item.said) && said.label === label));
  }
  play("");
}

function modelText(item) {
  if (item.model === null) return item.reason.includes("random") && !item.said ? "The model's label is shown after yours." : "The model gave no label.";
  const sure = item.confidence === null ? "" : ` (${Math.round(100 * item.confidence)} %)`;
  return `The model says: ${item.model}${sure}.`;
}

// so that the recording of the next one is read while this one is heard
$("sound").addEventListener("canplaythrough", () => {
  if (contents.items[at + 1]) fetch(`clip/${at + 1}.wav`).catch(() => {});
});

function play(context) {
  const sound = $("sound");
  sound.src = `clip/${at}${context}.wav`;
  sound.play().catch(() => {}); // a browser may want a key first
}

async function save(label) {
  const item = contents.items[at];
  if (!item || saving) return;
  saving = true;
  try {
    const text = $("text").value.trim();
    const speaker = Number($("speaker").value);
    const answer = await fetch("review", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        index: at, label,
        text: text === item.text ? null : text,
        said_by: speaker === item.speaker ? null : speaker,
        role: $("role").value === item.role ? null : $("role").value,
      }),
    });
    const saved = await answer.json().catch(() => ({ error: "it was refused" }));
    if (!answer.ok) return complain(`Not saved: ${saved.error}`);
    contents.items[at] = saved;
    $("message").hidden = true;
    go(1);
  } catch {
    complain("Not saved: callmood review does not answer. Start it again; what was saved is kept.");
  } finally {
    saving = false;
  }
}

function go(step) {
  at = Math.min(Math.max(at + step, 0), contents.items.length);
  show();
}

function edit(wanted) {
  editing = wanted;
  $("editor").hidden = !wanted;
  $("words").hidden = wanted;
  if (wanted) $("text").focus();
  else $("words").textContent = $("text").value;
}

function complain(message) {
  $("message").textContent = message;
  $("message").hidden = false;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !contents) return;
  if (editing) {
    if (event.key === "Escape" || (event.key === "Enter" && !event.shiftKey)) {
      event.preventDefault();
      edit(false);
    }
    return;
  }
  if (event.target.closest("select")) return;
  const item = contents.items[at];
  const key = event.key.toLowerCase();
  const onButton = event.target.closest("button, audio");
  if (key === "arrowleft") go(-1);
  else if (key === "arrowright") { if (item) go(1); }
  else if (!item) return;
  else if (keys.has(key)) save(keys.get(key));
  else if (key === "e") edit(true);
  else if (key === "b") play("/context");
  else if (key === " " && !onButton) play("");
  else if (key === "enter" && !onButton) { if (contents.labels.includes(item.model)) save(item.model); }
  else return;
  event.preventDefault();
});

$("speaker").addEventListener("change", () => {
  const chosen = contents.items[at].speakers.find(({ speaker }) => speaker === Number($("speaker").value));
  $("role").value = chosen.role;
});
$("back").addEventListener("click", () => go(-1));
$("skip").addEventListener("click", () => go(1));
$("edit").addEventListener("click", () => edit(!editing));
$("before").addEventListener("click", () => play("/context"));

begin().catch(() => complain("The page can't be loaded. Is callmood review still running?"));
