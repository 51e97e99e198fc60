// Lists of moments: what to look at first, each a click away from where it is heard.

const MOMENTS_SHOWN = 5;

/** A list whose first items are shown, and the others on demand. */
function listOf(items, render, empty) {
  if (!items.length) return h("p", { class: "soft" }, empty);
  const first = items.slice(0, MOMENTS_SHOWN).map(render);
  const list = h("ul", { class: "moments" }, first);
  if (items.length <= MOMENTS_SHOWN) return list;
  let next = MOMENTS_SHOWN;
  const more = h("button", { type: "button", class: "more", click: () => {
    list.append(...items.slice(next, next + 20).map(render));
    next += 20;
    more.hidden = next >= items.length;
  } }, `Show more of ${whole.format(items.length)}`);
  return h("div", {}, list, more);
}

const about = (call) => {
  const parts = [call.group !== null && page.by !== "day" ? call.group : null, minute(call.started_at)];
  return h("span", { class: "soft" }, " · ", words(parts.filter((part) => part && part !== NONE).join(" · ")));
};
const opening = (call, seconds) =>
  h("a", { class: "moment", href: callAddress(call, seconds) }, known(seconds) ? `${clock(seconds)} ` : "", words(callName(call)));

function upsetItem(moment) {
  const call = callsById.get(moment.id);
  return h("li", {}, opening(call, moment.said_s), about(call), h("div", {},
    chip(moment.emotion), ` upset here ${percent(moment.upset)}, for ${duration(moment.end_s - moment.start_s)}`,
    moment.corrected_at ? words(`, ${corrected(moment)}`) : moment.evidence ? `, ${EVIDENCE[moment.evidence]}` : ""), quote(moment.text));
}

function pleasedItem(moment) {
  const call = callsById.get(moment.id);
  return h("li", {}, opening(call, moment.start_s), about(call), h("div", {},
    chip(moment.emotion), ` pleased here ${percent(moment.pleased)}${moment.evidence ? `, ${EVIDENCE[moment.evidence]}` : ""}`), quote(moment.text));
}

function recoveredItem(turn) {
  const call = callsById.get(turn.id);
  return h("li", {}, opening(call, turn.upset_s), about(call), quote(turn.upset_text),
    turn.said && h("div", {}, h("span", { class: "soft" }, "Then the agent: "), words(turn.said)),
    h("div", {}, h("a", { href: callAddress(call, turn.turned_s) }, clock(turn.turned_s)), " ", h("span", { class: "soft" }, `calmer again: `), words(turn.turned_text || "(no words)")));
}

function worseItem(call) {
  return h("li", {}, opening(call, null), about(call),
    h("div", {}, `Mood ${signed(call.mood_start)} at the start, `, h("span", { class: "bad" }, signed(call.mood_end)), ` at the end`));
}

/** The four lists of a group of calls, or of all. `belongs`: whether a call is one of them. */
function cards(belongs) {
  const of = (moments) => moments.filter((moment) => belongs(callsById.get(moment.id)));
  const worse = calls.filter((call) => belongs(call) && call.ended_worse).sort((a, b) => a.mood_change - b.mood_change);
  const card = (title, note, list) => h("section", { class: "card" }, h("h3", {}, title), h("p", { class: "soft" }, note), list);
  return h("div", { class: "cards" },
    card("Worst moments", `Where a ${WHO} was most upset. Click to see it${page.audio === "none" ? "" : " and hear it"}.`, listOf(of(upset), upsetItem, "Nobody was upset.")),
    card("Turned round", "Upset, and not any more at the end: examples for coaching.", listOf(of(recovered), recoveredItem, "None.")),
    card("Ended worse", `The mood fell by ${page.limits.worse_by} or more, to below 0.`, listOf(worse, worseItem, "None.")),
    card("Best moments", `Where a ${WHO} was most pleased.`, listOf(of(pleased), pleasedItem, "None.")));
}
