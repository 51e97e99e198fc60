// What calls are about: their categories, and the topics that customers open them with.

const categoryAddress = (name) => `${page.home ?? ""}#calls/${encodeURIComponent(name)}`;

/** The categories of a call, each leading to its first moment. */
function categoriesOf(call) {
  if (!call.categories) return NONE;
  return h("span", {}, call.categories.flatMap(([name, seconds], index) => [index > 0 && ", ",
    h("a", { href: callAddress(call, seconds), title: `from ${clock(seconds)}` }, words(name))]));
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
      { label: "Calls", number: true, value: (row) => row.calls, cell: (row) => `${whole.format(row.calls)} of ${whole.format(row.calls_known)}` },
      { label: "Share", number: true, value: (row) => row.share, cell: (row) => percent(row.share) },
      { label: "95 % interval", number: true, value: (row) => row.share_low, cell: (row) => interval(row, "share") },
    ],
  }));
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
