// The start of the page: how the calls went, what to look at first, who and when differs from the rest.

const MOST_GROUPS_IN_A_CHART = 40;
const DAYS_BEFORE_WEEKS = 45;

function overview() {
  const all = groupRow("all", "");
  const named = groups.filter((row) => row.dimension === "group" && row.period === "all");
  const sections = [h("h1", { tabindex: "-1" }, page.name ? words(`Calls: ${page.name}`) : "How the calls went"), scopeLine()];
  if (!all) return [...sections, h("p", {}, "No call matches.")];
  sections.push(namesMissing(named), agentsWarning(), silencesNote(calls), tiles(all, groupRow("all", "", "now")), h("h2", {}, "What to look at first"), cards(() => true), whatCallsAreAbout());
  sections.push(h("h2", {}, "Over time"), h("div", { class: "two" }, overTime("", all), emotionsByRole(emotions.filter((row) => row.name === ""))));
  if (named.length > 1) sections.push(...sideBySide(named, all), ...categoriesByGroup());
  sections.push(...whenAndWhere(all));
  return sections;
}

const scopeLine = () => h("p", { class: "facts" },
  h("span", {}, page.first ? `${day(page.first)} to ${day(page.last)}` : "start times not known"),
  page.now_from && h("span", {}, `changes: ${periodText("now")} against ${periodText("before")}`));

/** Where nobody knows whose calls these are, how to tell. */
const namesMissing = (named) => named.length === 1 && named[0].name === "(unknown)" && h("p", { class: "soft" },
  `Nothing can be said by ${GROUP}, because it is not known of any of these calls. `, h("code", {}, "callmood scan --metadata calls.csv"), " or ", h("code", {}, "--name-pattern"), " tells.");

function periodText(which) {
  const [from, until] = which === "now" ? [page.now_from, page.now_until] : [page.before_from, page.before_until];
  return `${day(from)} to ${dayBefore(until)}`;
}

function agentsWarning() {
  const scored = emotions.some((row) => row.role === "agent" && row.emotion);
  return scored && h("p", { class: "warning" }, "These calls were also scored for the emotions of agents. Some laws, the EU’s AI Act among them, forbid inferring emotions of people at work: ",
    h("a", { href: "#about" }, "see what to do"), ".");
}

function tiles(all, now) {
  const uncertain = all.segments ? all.uncertain / all.segments : null;
  const share = (title, name, n) => tile(title, percent(all[name]),
    n ? `${whole.format(all[`${name}_calls`])} of ${counted(n, "call")}; 95 % interval ${interval(all, name)}` : "not known of any call", changeText(now?.[`${name}_change`], points, name === "pleased", " points"));
  return h("dl", { class: "tiles" },
    tile("Calls", whole.format(all.calls), duration(3600 * all.hours)),
    share(`${WHO_TITLE} upset`, "upset", all.calls_scored),
    share("Ended worse", "ended_worse", all.calls_compared),
    share(`${WHO_TITLE} pleased`, "pleased", all.calls_scored),
    tile("Mood, start to end", `${signed(all.mood_start)} → ${signed(all.mood_end)}`, `−1 angry, +1 happy; ${counted(all.calls_compared, "call")}`,
      changeText(now?.mood_change_change, signed, true)),
    tile("Uncertain segments", percent(uncertain), `${whole.format(all.uncertain)} of ${whole.format(all.segments)}: the model does not know`));
}

const tile = (title, figure, note, change) => h("div", { class: "tile" }, h("dt", {}, title),
  h("dd", {}, h("span", { class: "figure" }, figure), h("small", {}, note), change));

/** What changed against the period before, in words that claim no more than the interval does. */
function changeText(change, format, more_is_good = false, unit = "") {
  if (!page.now_from) return null;
  if (!change) return h("small", {}, "change not known: too few calls");
  const [value, low, high] = change;
  const clear = low > 0 || high < 0;
  const tone = !clear ? "soft" : value > 0 === more_is_good ? "good" : "bad";
  return h("small", { class: tone }, `${clear ? "clear change: " : "no clear change: "}${format(value)}${unit} (${format(low)} to ${format(high)})`);
}

function overTime(name, all) {
  const mine = (dimension) => groups.filter((row) => row.dimension === dimension && row.period === "all");
  const days = mine("day");
  const span = days.length > 1 ? (new Date(days.at(-1).name) - new Date(days[0].name)) / 864e5 : 0;
  const rows = span > DAYS_BEFORE_WEEKS ? mine("week") : days;
  if (rows.length < 2) return h("p", { class: "soft" }, days.length ? "There is one day of calls, so no course over time." : "When these calls were is not known, so there is no course over time.");
  return shareOverTime(`Calls in which the ${WHO} was upset, by ${span > DAYS_BEFORE_WEEKS ? "week" : "day"}`,
    `Band: 95 % interval. Hollow: fewer than five calls. All: ${percent(all.upset)} of ${counted(all.calls_scored, "call")}.`, rows);
}

function sideBySide(named, all) {
  const title = `${GROUP_TITLE}s side by side`;
  const withCalls = named.filter((row) => row.calls_scored);
  const shown = withCalls.length <= MOST_GROUPS_IN_A_CHART ? withCalls : withCalls.filter((row) => isClear(row.from_rest));
  const chance = Math.round(named.length / 20);
  return [
    h("h2", {}, title),
    h("p", {}, `In order of names, because where intervals overlap there is no order of merit. Differences are in percentage points; “more” and “fewer” stand where their 95 % interval leaves out 0`,
      named.length >= 10 ? `; of ${named.length}, about ${chance} would be marked by chance alone.` : ".", " Queues and hours differ in how upset people call, whoever answers."),
    shown.length > 0 && sharesChart(`Calls in which the ${WHO} was upset`, `Bar: 95 % interval. Dashed line: all calls. Hollow: fewer than five calls. ${shown.length < withCalls.length ? "Only those with a clear difference. " : ""}Click a point for details.`,
      shown, all.upset, (row) => groupAddress(row.name)),
    sortable({
      caption: title, rows: named, filter: named.length > 10 ? `name of ${A_GROUP}` : null, sort: [0, "ascending"],
      columns: [
        { label: GROUP_TITLE, value: (row) => row.name, cell: (row) => groupLink(row.name) },
        { label: "Calls", number: true, value: (row) => row.calls, cell: (row) => whole.format(row.calls) },
        { label: "Upset", number: true, value: (row) => row.upset, cell: (row) => outOf(row.upset_calls, row.calls_scored), title: "Calls in which the mood was more probably upset than not" },
        { label: "95 % interval", number: true, value: (row) => row.upset_low, cell: (row) => interval(row, "upset") },
        { label: "Against all others", number: true, value: (row) => row.from_rest?.[0], cell: (row) => differenceCell(row.from_rest), title: "The difference of the shares in percentage points, with its 95 % interval" },
        ...page.now_from ? [{ label: "Against the period before", number: true, value: (row) => ownChange(row)?.[0], cell: (row) => differenceCell(ownChange(row)), title: "The difference of the shares in percentage points, with its 95 % interval" }] : [],
        { label: "Mood", number: true, value: (row) => row.mood_end, cell: (row) => `${signed(row.mood_start)} → ${signed(row.mood_end)}` },
        { label: "Ended worse", number: true, value: (row) => row.ended_worse, cell: (row) => outOf(row.ended_worse_calls, row.calls_compared) },
        { label: "Agent talks", number: true, value: (row) => row.talk_ratio, cell: (row) => percent(row.talk_ratio) },
        { label: "Dead air", number: true, value: (row) => row.dead_air, cell: (row) => percent(row.dead_air) },
        { label: "Both speak", number: true, value: (row) => row.overtalk, cell: (row) => percent(row.overtalk) },
        { label: "Agent cuts in", number: true, value: (row) => row.interruptions, cell: (row) => (known(row.interruptions) ? row.interruptions.toFixed(1) : NONE), title: "Interruptions by the agent per call" },
        { label: "Words / min", number: true, value: (row) => row.words_per_minute, cell: (row) => (known(row.words_per_minute) ? Math.round(row.words_per_minute) : NONE) },
      ],
    }),
  ];
}

const isClear = (difference) => difference && (difference[1] > 0 || difference[2] < 0);
const ownChange = (row) => groupRow("group", row.name, "now")?.upset_change;

/** The difference from all others, "+38 (+22 to +51)", and whether it is one. */
const asPoints = ([value, low, high]) => `${points(value)} (${points(low)} to ${points(high)})`;

/** `more_is`: "bad", or "" where more is neither bad nor good. */
function differenceCell(difference, more_is = "bad") {
  if (!difference) return h("span", { class: "soft" }, "too few calls");
  if (!isClear(difference)) return h("span", { class: "soft" }, asPoints(difference));
  const tone = more_is && (difference[0] > 0 ? "bad" : "good");
  return h(tone ? "span" : "strong", { class: tone || null }, `${difference[0] > 0 ? "more" : "fewer"}: ${asPoints(difference)}`);
}

function whenAndWhere(all) {
  const queues = groups.filter((row) => row.dimension === "queue" && row.period === "all" && row.calls_scored);
  const hours = groups.filter((row) => row.dimension === "hour" && row.period === "all" && row.calls_scored);
  const note = "Bar: 95 % interval. Hollow: fewer than five calls.";
  const drawn = [
    hours.length > 1 && sharesByHour(`Upset by hour of the day`, `${note} All: ${percent(all.upset)}.`, hours),
    queues.length > 1 && page.by !== "queue" && sharesChart("Upset by queue", `${note} Dashed line: all calls.`, queues.slice(0, MOST_GROUPS_IN_A_CHART), all.upset),
  ].filter(Boolean);
  if (!drawn.length) return [];
  const both = [...queues.length > 1 ? queues : [], ...hours.length > 1 ? hours : []];
  return [h("h2", {}, "When and where the mood drops"), h("div", { class: "two" }, drawn),
    h("details", {}, h("summary", {}, "The same as a table"), sortable({
      caption: "Queues and hours", rows: both, columns: [
        { label: "Queue or hour", value: (row) => row.name, cell: (row) => (row.dimension === "hour" ? `${row.name}:00` : words(row.name)) },
        { label: "Calls", number: true, value: (row) => row.calls },
        { label: "Upset", number: true, value: (row) => row.upset, cell: (row) => `${percent(row.upset)}, ${row.upset_calls} of ${row.calls_scored}` },
        { label: "95 % interval", number: true, value: (row) => row.upset_low, cell: (row) => interval(row, "upset") },
        { label: "Mood change in the call", number: true, value: (row) => row.mood_change, cell: (row) => signed(row.mood_change) + (known(row.mood_change_margin) ? ` ± ${row.mood_change_margin.toFixed(2)}` : "") },
      ],
    }))];
}
