// The table of calls.

function callsView(category = "") {
  return [h("h1", { tabindex: "-1" }, "Calls"), silencesNote(calls), callsTable(calls, "All calls", true, category)];
}

/** `category`: the one whose calls are shown at first; "": all. */
function callsTable(rows, caption, with_group = false, category = "") {
  const likely = page.limits.likely_from;
  const looked_at = rows.some((call) => call.categories);
  const names = [...new Set(rows.flatMap((call) => (call.categories ?? []).map(([name]) => name)))].sort();
  const of = (name) => rows.some((call) => known(call[name])); // columns of what nobody knows are left out
  const columns = [
    { label: "Call", value: (call) => `${callName(call)} ${call.call_id ?? ""}`, cell: (call) => callLink(call) },
    ...with_group && groupNames.length > 1 ? [{ label: GROUP_TITLE, value: (call) => call.group, cell: (call) => (call.group && groupNames.includes(call.group) ? groupLink(call.group) : words(call.group ?? NONE)) }] : [],
    ...of("started_at") ? [{ label: "Start", whole: true, value: (call) => call.started_at, cell: (call) => minute(call.started_at) }] : [],
    { label: "Upset", number: true, value: (call) => call.upset, cell: (call) => (call.upset >= likely ? h("strong", { class: "bad" }, percent(call.upset)) : percent(call.upset)), title: `Probability that the ${WHO} was upset at any time` },
    { label: "From", number: true, value: (call) => call.upset_from_s, cell: (call) => (known(call.upset_from_s) ? h("a", { href: callAddress(call, call.upset_from_s), "aria-label": `Open at ${clock(call.upset_from_s)}` }, clock(call.upset_from_s)) : NONE) },
    { label: "Pleased", number: true, value: (call) => call.pleased, cell: (call) => percent(call.pleased) },
    { label: "Mood", number: true, value: (call) => call.mood_end, cell: (call) => `${signed(call.mood_start)} → ${signed(call.mood_end)}` },
    { label: "Length", number: true, value: (call) => call.duration_s, cell: (call) => clock(call.duration_s) },
    { label: "Agent talks", number: true, value: (call) => call.talk_ratio, cell: (call) => percent(call.talk_ratio) },
    { label: "Dead air", number: true, value: (call) => call.dead_air_s, cell: (call) => duration(call.dead_air_s) },
    ...of("queue") ? [{ label: "Queue", value: (call) => call.queue, cell: (call) => words(call.queue ?? NONE) }] : [],
    ...of("customer") ? [{ label: "Customer", value: (call) => call.customer, cell: (call) => words(call.customer ?? NONE) }] : [],
    ...looked_at ? [{ label: "Categories", value: (call) => call.categories?.map(([name]) => name).join(" ") || null, cell: categoriesOf }] : [],
  ];
  return sortable({
    caption, rows, columns, filter: "name, number, queue, day …", empty: "No calls.",
    sort: [columns.findIndex(({ label }) => label === "Upset"), "descending"],
    choices: [
      { label: "Show", options: [
        ["all calls", () => true],
        [`${WHO} upset`, (call) => call.upset >= likely],
        ["ended worse", (call) => call.ended_worse],
        ["turned round", (call) => recovered.some((turn) => turn.id === call.id)],
        [`${WHO} pleased`, (call) => call.pleased >= likely],
        ["with a warning", (call) => call.warnings?.length],
        ...page.audio !== "none" && rows.some((call) => call.silence) ? [["not to be heard", (call) => call.silence]] : [],
      ] },
      ...with_group && groupNames.length > 1 ? [{ label: GROUP_TITLE, options: [["all", () => true], ...groupNames.map((name) => [name, (call) => call.group === name])] }] : [],
      ...names.length ? [{ label: "Category", chosen: 1 + names.indexOf(category), options: [["any or none", () => true], ...names.map((name) => [name, (call) => call.categories?.some(([one]) => one === name)])] }] : [],
    ],
  });
}
