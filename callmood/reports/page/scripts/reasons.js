// What calls are about: their categories, and the topics that customers open them with.

const categoryAddress = (name) => `${page.home ?? ""}#calls/${encodeURIComponent(name)}`;

const CATEGORIES_IN_A_CELL = 2;

/** The first categories of a call, each leading to its first moment, and how many others it has. */
function categoriesOf(call) {
  if (!call.categories) return NONE;
  const others = call.categories.slice(CATEGORIES_IN_A_CELL).map(([name]) => name);
  return h("span", {}, call.categories.slice(0, CATEGORIES_IN_A_CELL).flatMap(([name, seconds], index) => [index > 0 && ", ",
    h("a", { href: callAddress(call, seconds), title: `from ${clock(seconds)}` }, words(name))]),
  others.length > 0 && h("span", { class: "soft", title: others.join(", ") }, ` +${others.length}`));
}

function whatCallsAreAbout() {
  const card = (title, note, content) => h("section", { class: "card" }, h("h3", {}, title), h("p", { class: "soft" }, note), content);
  return [h("h2", {}, "What the calls are about"), h("div", { class: "cards" }, topicsCard(card), categoriesCard(card))];
}

function categoriesCard(card) {
  const looked_at = calls.filter((call) => call.categories).length;
  if (!looked_at) return card("Categories", ["Not known: nobody looked for them yet. ", h("code", {}, "callmood categorize"), " does."], null);
  const left_out = calls.length - looked_at;
  const note = `Found in words by patterns and by meaning, which is not always right: open some before you judge. ${left_out ? `${counted(left_out, "call")} left out: not looked at.` : ""}`;
  if (!categories.length) return card("Categories", note, h("p", { class: "soft" }, "None of them occurs."));
  return card("Categories", note, sortable({
    caption: "Calls of each category", rows: categories, columns: [
      { label: "Category", value: (row) => row.category, cell: (row) => h("a", { href: categoryAddress(row.category) }, words(row.category)) },
      { label: "Calls", number: true, value: (row) => row.calls, cell: (row) => outOf(row.calls, row.calls_known) },
      { label: "Share", number: true, value: (row) => row.share, cell: (row) => percent(row.share) },
      { label: "95 % interval", number: true, value: (row) => row.share_low, cell: (row) => interval(row, "share") },
    ],
  }));
}

const shareColumns = [
  { label: "Calls", number: true, value: (row) => row.calls, cell: (row) => outOf(row.calls, row.calls_known) },
  { label: "Share", number: true, value: (row) => row.share, cell: (row) => percent(row.share) },
  { label: "95 % interval", number: true, value: (row) => row.share_low, cell: (row) => interval(row, "share") },
  { label: "Against all others", number: true, value: (row) => row.from_rest?.[0], cell: (row) => differenceCell(row.from_rest, ""), title: "The difference of the shares in percentage points, with its 95 % interval" },
];

/** One category at a time, group by group. */
function categoriesByGroup() {
  const names = [...new Set(groupCategories.map((row) => row.category))];
  if (!names.length) return [];
  const holder = h("div");
  const draw = (category) => {
    const rows = groupCategories.filter((row) => row.category === category);
    const shown = rows.length <= MOST_GROUPS_IN_A_CHART ? rows : rows.filter((row) => isClear(row.from_rest));
    const all = categories.find((row) => row.category === category);
    holder.replaceChildren(h("div", { class: "two" }, ...[
      shown.length > 0 && sharesChart(`Calls with ${category}`, `Bar: 95 % interval. Dashed line: all calls. Hollow: fewer than five calls. ${shown.length < rows.length ? "Only those with a clear difference. " : ""}`,
        shown, all?.share, (row) => groupAddress(row.name), "share", categoryText),
      sortable({ caption: `${category} by ${GROUP}`, rows, sort: [0, "ascending"], filter: rows.length > 10 ? `name of ${A_GROUP}` : null,
        columns: [{ label: GROUP_TITLE, value: (row) => row.name, cell: (row) => groupLink(row.name) }, ...shareColumns] }),
    ].filter(Boolean)));
  };
  draw(names[0]);
  return [h("h2", {}, `Categories by ${GROUP}`),
    h("p", {}, "In order of names, because where intervals overlap there is no order of merit. “More” and “fewer” stand where the 95 % interval of the difference leaves out 0; of twenty comparisons one is marked by chance alone."),
    h("div", { class: "tools" }, h("label", {}, `Category by ${GROUP}`, h("select", { change: (event) => draw(event.target.value) }, names.map((name) => h("option", { value: name }, name))))),
    holder];
}

/** All categories of one group. */
function categoriesOfGroup(name) {
  const rows = groupCategories.filter((row) => row.name === name);
  return rows.length > 0 && sortable({ caption: `Categories of the calls, and how they differ from all other ${GROUP}s`, rows, columns: [
    { label: "Category", value: (row) => row.category, cell: (row) => h("a", { href: categoryAddress(row.category) }, words(row.category)) },
    ...rows[0].rest_known ? shareColumns : shareColumns.slice(0, 3),
  ] });
}

function topicsCard(card) {
  const { topics } = page;
  const searchable = topics ? topics.calls + topics.without : 0;
  if (!searchable) return card("Why customers called", ["Not known: these calls were not made searchable. ", h("code", {}, "callmood topics"), " does that; then make the page anew."], null);
  const item = (group, number) => h("li", {}, h("strong", {}, words(group.words.join(", ") || "no common words")),
    h("span", { class: "soft" }, ` ${counted(group.calls, "call")} (${percent(group.calls / topics.calls)})`),
    examples.filter((row) => row.topic === number).map((row) => h("div", {}, opening(callsById.get(row.id), row.start_s), about(callsById.get(row.id)), quote(row.text))));
  const alone = topics.calls - topics.groups.reduce((sum, group) => sum + group.calls, 0);
  const left_out = calls.length - searchable;
  const note = ["What they opened calls with, grouped by meaning, each group with examples.",
    topics.groups.length > 0 && alone > 0 && `${counted(alone, "call")} in no group.`,
    topics.without > 0 && `${counted(topics.without, "call")} left out: no customer says four words in a row.`,
    left_out > 0 && `${counted(left_out, "call")} left out: not searchable.`].filter(Boolean).join(" ");
  return card("Why customers called", note, listOf(topics.groups.map((group, number) => [group, number]), ([group, number]) => item(group, number), "No three calls are about the same."));
}
