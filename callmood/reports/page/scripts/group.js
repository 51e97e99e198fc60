// One agent (or queue, customer, day ...): its worst moment first, then how it compares, then its calls.

function groupView(name) {
  const row = groupRow("group", name);
  const title = h("h1", { tabindex: "-1" }, words(name));
  if (!row) return [title, h("p", {}, `There are no calls of this ${GROUP} on this page.`)];
  const belongs = (call) => call.group === name;
  const mine = calls.filter(belongs);
  const now = groupRow("group", name, "now");
  return [
    title,
    h("p", { class: "facts" }, h("span", {}, `${GROUP_TITLE}, ${counted(row.calls, "call")}`), page.first && h("span", {}, `${day(page.first)} to ${day(page.last)}`)),
    silencesNote(mine),
    cards(belongs),
    h("h2", {}, "Compared"),
    comparison(row, now), categoriesOfGroup(name),
    h("div", { class: "two" }, callsOverTime("The calls one by one", mine), emotionsByRole(emotions.filter((one) => one.name === name))),
    h("h2", {}, "Calls"),
    callsTable(mine, `Calls of ${name}`),
  ];
}

function comparison(row, now) {
  const before = groupRow("group", row.name, "before");
  const line = (label, share, n, of, note) => ({ label, share, n, of, note });
  const lines = [
    line(`All calls`, percent(row.upset), row.upset_calls, row.calls_scored, interval(row, "upset")),
    row.rest_calls_scored > 0 && line(`All other ${GROUP}s`, percent(row.rest_upset), row.rest_upset_calls, row.rest_calls_scored, known(row.rest_upset_low) ? range(row.rest_upset_low, row.rest_upset_high) : "too few calls"),
    now && line(periodText("now"), percent(now.upset), now.upset_calls, now.calls_scored, interval(now, "upset")),
    before && line(periodText("before"), percent(before.upset), before.upset_calls, before.calls_scored, interval(before, "upset")),
  ].filter(Boolean);
  return h("div", {},
    h("p", {}, "Upset calls against all others, in percentage points: ", differenceCell(row.from_rest), isClear(row.from_rest) ? "" : " (no clear difference)", now && [". Against the period before: ", differenceCell(now.upset_change), isClear(now.upset_change) ? "" : " (no clear difference)"], "."),
    h("table", {}, h("caption", {}, `Calls in which the ${WHO} was upset`),
      h("thead", {}, h("tr", {}, ["", "Share", "Calls", "95 % interval"].map((text, index) => h(index ? "th" : "td", { scope: index ? "col" : null, class: index ? "number" : null }, text)))),
      h("tbody", {}, lines.map((one) => h("tr", {}, h("th", { scope: "row" }, one.label), h("td", { class: "number" }, one.share),
        h("td", { class: "number" }, outOf(one.n, one.of)), h("td", { class: "number" }, one.note))))),
    h("p", { class: "soft" }, [
      row.calls_compared && `mood ${signed(row.mood_start)} at the start and ${signed(row.mood_end)} at the end of ${counted(row.calls_compared, "call")}; ended worse ${outOf(row.ended_worse_calls, row.calls_compared)}`,
      known(row.talk_ratio) && `the agent has ${percent(row.talk_ratio)} of the talk`,
      known(row.dead_air) && `dead air ${percent(row.dead_air)}`, known(row.overtalk) && `both speak ${percent(row.overtalk)}`,
    ].filter(Boolean).join("; ").replace(/^./, (first) => first.toUpperCase())));
}
