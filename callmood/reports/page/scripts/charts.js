// Charts, by Observable Plot. Each has a caption that says what it shows, for those who don't see it too.

/** A figure with a chart; a click goes to `address(what it is about)`. */
function chart(caption, note, options, address = null) {
  const drawing = Plot.plot({ width: 560, style: { background: "none", color: "inherit" }, ...options });
  const svg = drawing.tagName === "svg" ? drawing : drawing.querySelector(":scope > svg");
  svg.setAttribute("role", "img");
  for (const mark of svg.querySelectorAll("g[aria-label]")) mark.removeAttribute("aria-label"); // "area", "dot": no names
  svg.setAttribute("aria-label", `${caption}. ${note}`);
  const figure = h("figure", { class: address && "clickable" }, h("figcaption", {}, caption, h("small", {}, note)), drawing);
  if (address) {
    figure.addEventListener("click", () => {
      if (drawing.value) location.href = address(drawing.value);
    });
  }
  return figure;
}

const shareText = (row) =>
  `${row.name}: ${percent(row.upset)} upset (${interval(row, "upset")}), ${row.upset_calls} of ${counted(row.calls_scored, "call")}`;
const categoryText = (row) =>
  `${row.name}: ${percent(row.share)} (${interval(row, "share")}), ${row.calls} of ${counted(row.calls_known, "call")}`;

/** Shares with their 95 % intervals, one below the other, and a line for `overall`. `share`: the name of the figure. */
function sharesChart(caption, note, rows, overall, address = null, share = "upset", text = shareText) {
  const [value, low, high] = ["", "_low", "_high"].map((end) => (row) => row[share + end]);
  const left = Math.min(200, 14 + 7 * Math.max(...rows.map((row) => row.name.length)));
  return chart(caption, note, {
    height: 52 + 24 * rows.length,
    marginLeft: left,
    x: { label: null, tickFormat: percent, domain: [0, ceiling(rows, share)], grid: true },
    y: { label: null, domain: rows.map((row) => row.name), tickFormat: (name) => shorten(name, 26) },
    marks: [
      known(overall) && Plot.ruleX([overall], { stroke: "var(--soft)", strokeDasharray: "4 3" }),
      Plot.ruleY(rows.filter((row) => known(low(row))), { y: "name", x1: low, x2: high, strokeWidth: 3, strokeOpacity: 0.45 }),
      Plot.dot(rows, { y: "name", x: value, r: 5, fill: (row) => (known(low(row)) ? "var(--link)" : "var(--paper)"), stroke: "var(--link)" }),
      Plot.tip(rows, Plot.pointerY({ y: "name", x: value, title: text })),
    ],
  }, address);
}

/** Ticks of a few days: without these, an axis of two days counts hours. */
const DAYS_TICKED = 8;
const dayTicks = (dated) => dated.length <= DAYS_TICKED && { ticks: dated.map(({ when }) => when), tickFormat: d3.utcFormat("%b %-d") };

/** A share over time: the line, its 95 % interval, and how many calls are behind each point. */
function shareOverTime(caption, note, rows) {
  const dated = rows.filter((row) => known(row.upset)).map((row) => ({ ...row, when: new Date(row.name) }));
  return chart(caption, note, {
    height: 240,
    y: { label: null, tickFormat: (value) => percent(value), domain: [0, ceiling(dated)], grid: true },
    x: { label: null, type: "utc", ...dayTicks(dated) },
    marks: [
      Plot.areaY(dated, { x: "when", y1: "upset_low", y2: "upset_high", fill: "var(--angry)", fillOpacity: 0.18 }),
      Plot.lineY(dated, { x: "when", y: "upset", stroke: "var(--angry)" }),
      Plot.dot(dated, { x: "when", y: "upset", r: 3.5, stroke: "var(--angry)", fill: (row) => (known(row.upset_low) ? "var(--angry)" : "var(--paper)") }),
      Plot.tip(dated, Plot.pointerX({ x: "when", y: "upset", title: shareText })),
    ],
  });
}

/** The share of each hour of the day. */
function sharesByHour(caption, note, rows) {
  return chart(caption, note, {
    height: 240,
    y: { label: null, tickFormat: (value) => percent(value), domain: [0, ceiling(rows)], grid: true },
    x: { label: null, type: "band", domain: d3.range(24).map((hour) => String(hour).padStart(2, "0")).slice(+rows[0].name, +rows.at(-1).name + 1) },
    marks: [
      Plot.ruleX(rows.filter((row) => known(row.upset_low)), { x: "name", y1: "upset_low", y2: "upset_high", strokeWidth: 3, strokeOpacity: 0.45 }),
      Plot.dot(rows, { x: "name", y: "upset", r: 4.5, stroke: "var(--link)", fill: (row) => (known(row.upset_low) ? "var(--link)" : "var(--paper)") }),
      Plot.tip(rows, Plot.pointerX({ x: "name", y: "upset", title: (row) => shareText({ ...row, name: `${row.name}:00` }) })),
    ],
  });
}

/** How much of what each role says sounds like what. */
function emotionsByRole(rows) {
  const scored = rows.filter((row) => row.emotion);
  const total = d3.rollup(scored, (all) => d3.sum(all, (row) => row.segments), (row) => row.role);
  const roles = ["customer", "agent"].filter((role) => total.get(role));
  if (!roles.length) return null;
  const label = (role) => `${role}, n = ${whole.format(total.get(role))}`;
  return chart("Emotions by role", "Share of the scored segments; n is their number.", {
    height: 74 + 34 * roles.length,
    marginLeft: 14 + 7 * Math.max(...roles.map((role) => label(role).length)),
    x: { label: null, percent: true, tickFormat: (value) => `${value} %` },
    y: { label: null, domain: roles.map(label) },
    color: { domain: EMOTIONS, range: EMOTIONS.map(colourOf), legend: true },
    marks: [
      Plot.barX(scored, Plot.stackX({ offset: "normalize", order: EMOTIONS }, {
        y: (row) => label(row.role), x: "segments", fill: "emotion", insetRight: 0.5,
        title: (row) => `${row.role}: ${row.emotion} ${percent(row.segments / total.get(row.role))}, ${counted(row.segments, "segment")}`,
        tip: true,
      })),
    ],
  });
}

/** Each call as a dot: when it was, and the mood that it ended in. */
function callsOverTime(caption, rows) {
  const dated = rows.filter((call) => call.started_at && known(call.mood_end))
    .map((call) => ({ ...call, when: new Date(`${call.started_at}Z`), is_upset: call.upset >= page.limits.likely_from }));
  if (dated.length < 2) return null;
  return chart(caption, `${WHO_TITLE}’s mood at the end, −1 (angry) to +1 (happy). Ringed: upset at some time. Click a call to open it.`, {
    height: 220,
    y: { label: null, domain: [-1, 1], grid: true },
    x: { label: null, type: "utc" },
    marks: [
      Plot.ruleY([0], { stroke: "var(--soft)" }),
      Plot.dot(dated, { x: "when", y: "mood_end", r: 4, fill: "var(--link)", fillOpacity: 0.6, stroke: (call) => (call.is_upset ? "var(--angry)" : "none"), strokeWidth: 2 }),
      Plot.tip(dated, Plot.pointer({ x: "when", y: "mood_end", title: (call) => `${callName(call)}\n${minute(call.started_at)}\nmood ${signed(call.mood_start)} to ${signed(call.mood_end)}` })),
    ],
  }, (call) => callAddress(call));
}

const ceiling = (rows, share = "upset") => Math.max(0.1, ...rows.map((row) => row[`${share}_high`] ?? row[share] ?? 0));
const shorten = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
