// One call: its timeline, its sound, its transcript, all three moving together.

function callView(id, seconds) {
  const call = callsById.get(id);
  if (!call) return [h("h1", { tabindex: "-1" }, "No such call"), h("p", {}, "This page does not have it.")];
  const title = h("h1", { tabindex: "-1" }, words(callName(call)));
  const detail = detailOf(id);
  if (!detail) return [title, h("p", {}, h("a", { href: callAddress(call, seconds) }, "Its page"), " is in another file.")];
  const lines = new Map();
  let chosen = null;

  function highlight(index) {
    lines.get(chosen)?.classList.remove("chosen");
    chosen = index;
    const line = lines.get(index);
    line.classList.add("chosen");
    transcript.scrollTop = line.offsetTop - transcript.clientHeight / 3; // the page itself stays where it is
    return line;
  }

  function choose(index, { play = true, focus = false } = {}) {
    const line = highlight(index);
    if (focus) line.querySelector("button").focus({ preventScroll: true });
    drawing.choose(index);
    const { start_s, end_s } = detail.segments[index];
    if (play) player?.play(start_s, end_s);
    else player?.seek(start_s);
  }

  function follow(time) {
    drawing.at(time);
    const index = detail.segments.findLastIndex((row) => row.start_s <= time && time < row.end_s);
    if (index < 0 || index === chosen) return;
    highlight(index);
  }

  const drawing = timeline(call, detail, (index) => choose(index));
  const hint = h("p", { class: "soft" });
  const tell = (heard) => { hint.textContent = `Choose a time to ${heard ? "hear" : "mark"} what is said; up and down arrows go on.`; };
  const player = playerOf(call, follow, () => tell(false));
  tell(player);
  leaving = () => player?.stop();
  const transcript = h("ol", { class: "transcript", keydown: (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = chosen === null ? 0 : chosen + step;
    if (!step || !detail.segments[next]) return;
    event.preventDefault();
    choose(next, { play: false, focus: true });
  } }, turns(detail, lines, choose));
  if (known(seconds) && detail.segments.length) {
    const index = Math.max(0, detail.segments.findLastIndex((row) => row.start_s <= seconds + 0.06));
    requestAnimationFrame(() => choose(index, { play: false }));
  }
  return [
    title, factsOf(call), ...(call.warnings ?? []).map((warning) => h("p", { class: "warning" }, words(warning))),
    call.understood === false && h("p", { class: "warning" }, "The words of this call were not understood (another language, or a bad line): no mood is shown."),
    call.understood !== false && "upset" in call && !known(call.upset) && h("p", { class: "soft" }, `The mood of the ${WHO} is not known: nothing that the ${WHO} said was scored.`),
    call.categories?.length > 0 && h("p", {}, h("strong", {}, "Categories: "), categoriesWithTimes(call)), momentsOf(id), drawing.element, player ? player.element : silenceExplained(call),
    h("h2", {}, "Transcript"),
    detail.segments.length ? hint : h("p", {}, "Nothing was transcribed."),
    transcript,
  ];
}

function factsOf(call) {
  const facts = [
    page.single ? call.agent && `agent ${call.agent}` : known(call.group) && h("span", {}, `${GROUP} `, groupLink(call.group)),
    page.by !== "agent" && call.agent && `agent ${call.agent}`,
    page.by !== "customer" && call.customer && `customer ${call.customer}`,
    page.by !== "queue" && call.queue && `queue ${call.queue}`,
    call.started_at && minute(call.started_at), duration(call.duration_s),
    known(call.upset) && `upset at any time of the call ${percent(call.upset)}${known(call.upset_from_s) ? `, from ${clock(call.upset_from_s)}` : ""}`,
    known(call.mood_end) && known(call.mood_start) && `mood ${signed(call.mood_start)} → ${signed(call.mood_end)}${call.ended_worse ? ", ended worse" : ""}`,
    call.call_id && `call id ${call.call_id}`, `id ${call.id}`,
  ];
  return h("p", { class: "facts" }, facts.filter(Boolean).map((fact) => h("span", {}, typeof fact === "string" ? words(fact) : fact)));
}

const categoriesWithTimes = (call) => call.categories.flatMap(([name, seconds], index) => [index > 0 && ", ",
  h("a", { href: callAddress(call, seconds) }, `${clock(seconds)} `, words(name))]);

function momentsOf(id) {
  const mine = [...upset.filter((one) => one.id === id).map(upsetItem), ...recovered.filter((one) => one.id === id).map(recoveredItem), ...pleased.filter((one) => one.id === id).map(pleasedItem)];
  return mine.length > 0 && h("details", {}, h("summary", {}, `${counted(mine.length, "moment")} to look at in this call`), h("ul", { class: "moments" }, mine));
}

/** The lines of the transcript, with silences and holds where they are. */
function turns(detail, lines, choose) {
  const items = [
    ...detail.segments.map((row, index) => ({ at: row.start_s, row, index })),
    ...detail.stretches.filter(({ kind }) => kind !== "overtalk").map((stretch) => ({ at: stretch.start_s, stretch })),
  ].sort((one, other) => one.at - other.at);
  return items.map(({ row, index, stretch }) => {
    if (stretch) return h("li", { class: "between" }, h("span", {}, clock(stretch.start_s)), h("span", {}), words(stretchText(stretch)));
    const sure = known(row.confidence) && row.emotion !== "uncertain" ? ` ${percent(row.confidence)}` : "";
    const is_upset = row.upset >= page.limits.likely_from;
    const line = h("li", { class: is_upset ? "upset" : null },
      h("span", {}, h("button", { type: "button", click: () => choose(index), "aria-label": `${clock(row.start_s)}, ${nameOf(row)}` }, clock(row.start_s))),
      h("span", { class: "soft" }, nameOf(row)), row.text ? words(row.text) : h("span", { class: "soft" }, "(no words)"),
      h("span", {}, chip(row.emotion, sure), is_upset && ` upset here ${percent(row.upset)}`, row.evidence === "correction" && words(` ${corrected(row)}`)));
    lines.set(index, line);
    return line;
  });
}
