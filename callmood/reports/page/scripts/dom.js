// Elements, numbers and addresses: what the other scripts share. Text becomes text nodes only, never markup.

const page = JSON.parse(document.getElementById("data").textContent);
const rowsOf = ({ columns, rows }) =>
  rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));

/** An element. `attributes`: strings, true for a bare one, functions for events; null and false are left out. */
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** What people said or named, in whichever direction it is written. */
const words = (text) => h("bdi", {}, text);
const quote = (text) => h("blockquote", {}, text ? words(`“${text}”`) : h("span", { class: "soft" }, "(no words)"));

const NONE = "–";
const known = (value) => value !== null && value !== undefined;
const whole = new Intl.NumberFormat("en-US");
const counted = (n, one, many = `${one}s`) => `${whole.format(n)} ${n === 1 ? one : many}`;

function clock(seconds) {
  if (!known(seconds)) return NONE;
  const total = Math.floor(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function duration(seconds) {
  if (!known(seconds)) return NONE;
  if (seconds < 59.5) return `${seconds < 9.95 ? +seconds.toFixed(1) : Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(seconds < 36000 ? 1 : 0)} h`;
}

function percent(share) {
  if (!known(share)) return NONE;
  const value = 100 * share;
  return `${value >= 0.05 && value < 0.95 ? value.toFixed(1) : Math.round(value)} %`;
}

function signed(value, format = (size) => size.toFixed(2)) {
  if (!known(value)) return NONE;
  const size = format(Math.abs(value));
  return Number.parseFloat(size) === 0 ? size : `${value < 0 ? "−" : "+"}${size}`;
}

const points = (share) => signed(share, (size) => `${Math.round(100 * size)}`);
const day = (when) => (when ? when.slice(0, 10) : NONE);
const minute = (when) => (when ? when.slice(0, 16).replace("T", " ") : NONE);
const dayBefore = (when) => day(new Date(Date.parse(`${when}Z`) - 1).toISOString());
const range = (low, high) => `${percent(low).replace(" %", "")} to ${percent(high)}`;
const interval = (row, name) => (known(row[`${name}_low`]) ? range(row[`${name}_low`], row[`${name}_high`]) : "too few calls");

const outOf = (n, of) => (of ? `${whole.format(n)} of ${whole.format(of)}` : NONE);

const EMOTIONS = ["angry", "disgust", "fearful", "sad", "surprised", "happy", "neutral", "uncertain"];
const colourOf = (emotion) => `var(--${EMOTIONS.includes(emotion) ? emotion : "unscored"})`;
const chip = (emotion, rest = "") => {
  const element = h("span", { class: "chip" }, `${emotion ?? "not scored"}${rest}`);
  element.style.setProperty("--colour", colourOf(emotion));
  return element;
};
const corrected = (row) => `corrected${row.corrected_by ? ` by ${row.corrected_by}` : ""}, ${day(row.corrected_at)}`;
const EVIDENCE = { voice: "by voice", words: "by words", both: "by voice and words", correction: "corrected by a person" };

/** On whose side a speaker is counted: who is not known to be the agent may be the customer. */
const sideOf = (role) => (role === "unknown" ? "customer" : role);
/** What a speaker is called. */
const nameOf = ({ role, speaker }) => (role === "unknown" ? `speaker ${speaker + 1}` : role);
const WHO = { customer: "customer", agent: "agent", all: "speaker" }[page.role];
const WHO_TITLE = WHO[0].toUpperCase() + WHO.slice(1);
const GROUP = page.by;
const A_GROUP = `${/^[aeiou]/i.test(GROUP) ? "an" : "a"} ${GROUP}`;
const GROUP_TITLE = GROUP[0].toUpperCase() + GROUP.slice(1);

const callName = (call) => call.call || call.file || call.id;
const groupAddress = (name) => `${page.home ?? ""}#group/${encodeURIComponent(name)}`;
const callAddress = (call, seconds) =>
  `${call.page ?? ""}#call/${call.id}${known(seconds) ? `/${Math.round(10 * seconds) / 10}` : ""}`;
const callLink = (call, seconds) => h("a", { href: callAddress(call, seconds) }, words(callName(call)));
const groupLink = (name) => h("a", { href: groupAddress(name) }, words(name));

const calls = rowsOf(page.calls);
const callsById = new Map(calls.map((call) => [call.id, call]));
const rowsIf = (name) => (page[name] ? rowsOf(page[name]) : []);
const groups = rowsIf("groups");
const emotions = rowsIf("emotions");
const upset = rowsIf("upset");
const pleased = rowsIf("pleased");
const recovered = rowsIf("recovered");
const categories = rowsIf("categories");
const groupCategories = rowsIf("group_categories");
const examples = rowsIf("examples");
const hits = rowsIf("hits");
const groupRow = (dimension, name, period = "all") =>
  groups.find((row) => row.dimension === dimension && row.name === name && row.period === period);
const groupNames = groups.filter((row) => row.dimension === "group" && row.period === "all").map((row) => row.name);

const details = new Map();
/** The words and stretches of a call, read when they are first needed; null if they are in another file. */
function detailOf(id) {
  if (!details.has(id)) {
    const block = document.getElementById(`call-${id}`);
    const raw = block && JSON.parse(block.textContent);
    details.set(id, raw && { segments: rowsOf(raw.segments), stretches: rowsOf(raw.stretches), waveform: raw.waveform });
  }
  return details.get(id);
}
