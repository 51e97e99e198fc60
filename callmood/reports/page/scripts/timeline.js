// A call's timeline: who speaks when and in what mood, silences and holds, the mood's line and the sound itself.

const LANE = { axis: 22, mood: 92, lane: 40, gap: 8, wave: 30 };
const STRETCH_FILL = { "dead air": "var(--unscored)", overtalk: "var(--surprised)", music: "var(--line)", tone: "var(--line)", announcement: "var(--line)" };
const STRETCH_NAME = { "dead air": "dead air", overtalk: "both speak", dropped: "speech without words", music: "music", tone: "tone", announcement: "announcement" };

/** The lanes of a call: agent and customer, and whoever else speaks. */
function lanesOf(detail) {
  const found = new Map();
  for (const { speaker, role } of detail.segments) if (!found.has(speaker)) found.set(speaker, role);
  for (const { speaker, kind, role } of detail.stretches) if (kind === "dropped" && !found.has(speaker)) found.set(speaker, role ?? "unknown");
  const order = ["agent", "customer", "unknown"];
  const speakers = [...found].sort(([a, one], [b, other]) => order.indexOf(one) - order.indexOf(other) || a - b);
  return speakers.map(([speaker, role]) => ({ speaker, role, name: nameOf({ role, speaker }) }));
}

/** The drawing, with `choose(index of a segment)` and `at(seconds)` to move its marks. `picked`: told of a click. */
function timeline(call, detail, picked) {
  const lanes = lanesOf(detail);
  const laneTop = (index) => LANE.axis + LANE.mood + LANE.gap + index * (LANE.lane + LANE.gap);
  const waveTop = laneTop(lanes.length);
  const height = waveTop + detail.waveform.length * (LANE.wave + 2) + 4;
  const holder = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Timeline, scrolls sideways when enlarged" });
  const margin = 74;
  let zoom = 1;
  let cursor = null;
  let chosen = null;
  let time = null;
  let x = null;

  function draw() {
    const width = Math.max(320, (holder.clientWidth || 1100) - 2) * zoom;
    x = d3.scaleLinear([0, call.duration_s || 1], [margin, width - 12]);
    const y = d3.scaleLinear([-1, 1], [LANE.axis + LANE.mood, LANE.axis + 4]);
    const svg = d3.create("svg").attr("width", width).attr("height", height).attr("viewBox", `0 0 ${width} ${height}`)
      .attr("role", "img").attr("aria-label", description(call, detail)).attr("font-size", 11).attr("fill", "currentColor");
    const pattern = svg.append("defs").append("pattern").attr("id", "stripes").attr("width", 6).attr("height", 6)
      .attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
    pattern.append("rect").attr("width", 2).attr("height", 6).attr("fill", "var(--surprised)");
    const name = (text, top) => svg.append("text").attr("x", 0).attr("y", top).attr("dy", ".35em").text(text);

    svg.append("g").attr("transform", `translate(0,${LANE.axis})`).attr("color", "var(--soft)")
      .call(d3.axisTop(x).tickValues(x.ticks(width / 110).filter(Number.isInteger)).tickFormat(clock)).call((axis) => axis.select(".domain").remove());

    for (const stretch of detail.stretches.filter(({ kind }) => kind !== "dropped")) {
      const bar = svg.append("rect").attr("class", "stretch").attr("x", x(stretch.start_s)).attr("y", LANE.axis)
        .attr("width", Math.max(1, x(stretch.end_s) - x(stretch.start_s))).attr("height", height - LANE.axis)
        .attr("fill", stretch.kind === "overtalk" ? "url(#stripes)" : STRETCH_FILL[stretch.kind]).attr("opacity", 0.75);
      bar.append("title").text(stretchText(stretch));
      if (x(stretch.end_s) - x(stretch.start_s) > 48 && stretch.kind !== "overtalk") {
        svg.append("text").attr("x", (x(stretch.start_s) + x(stretch.end_s)) / 2).attr("y", laneTop(0) - 2)
          .attr("text-anchor", "middle").attr("fill", "var(--ink)").text(STRETCH_NAME[stretch.kind]);
      }
    }

    name("mood", y(0));
    svg.append("line").attr("x1", margin).attr("x2", width - 12).attr("y1", y(0)).attr("y2", y(0)).attr("stroke", "var(--line)");
    for (const [value, text] of [[1, "happy"], [-1, "angry"]]) {
      svg.append("text").attr("x", margin - 4).attr("y", y(value)).attr("dy", ".35em").attr("text-anchor", "end")
        .attr("fill", "var(--soft)").text(text);
    }
    const felt = detail.segments.filter((row) => known(row.mood) && (page.role === "all" || sideOf(row.role) === page.role));
    const steps = felt.flatMap((row) => [{ at: row.start_s, ...row }, { at: row.end_s, ...row }]);
    svg.append("path").attr("fill", "var(--angry)").attr("opacity", 0.28)
      .attr("d", d3.area((row) => x(row.at), y(-1), (row) => y(-1 + 2 * row.upset))(steps));
    svg.append("path").attr("fill", "none").attr("stroke", "var(--ink)").attr("stroke-width", 1.6)
      .attr("d", d3.line((row) => x(row.at), (row) => y(row.mood)).curve(d3.curveMonotoneX)(steps));

    lanes.forEach((lane, index) => {
      name(lane.name, laneTop(index) + LANE.lane / 2);
      svg.append("rect").attr("x", margin).attr("y", laneTop(index)).attr("width", width - 12 - margin).attr("height", LANE.lane)
        .attr("fill", "none").attr("stroke", "var(--line)");
      for (const gap of detail.stretches.filter((one) => one.kind === "dropped" && one.speaker === lane.speaker)) {
        svg.append("rect").attr("x", x(gap.start_s)).attr("y", laneTop(index) + 6).attr("width", Math.max(1.5, x(gap.end_s) - x(gap.start_s)))
          .attr("height", LANE.lane - 12).attr("fill", "none").attr("stroke", "var(--soft)").attr("stroke-dasharray", "3 2")
          .append("title").text(stretchText(gap));
      }
    });
    const top = new Map(lanes.map((lane, index) => [lane.speaker, laneTop(index)]));
    const marks = svg.selectAll(".segment").data(detail.segments).join("g").attr("class", "segment")
      .attr("data-segment", (_, index) => index).on("click", (_, row) => picked(detail.segments.indexOf(row)));
    marks.append("rect").attr("x", (row) => x(row.start_s)).attr("y", (row) => top.get(row.speaker) + 3)
      .attr("width", (row) => Math.max(2, x(row.end_s) - x(row.start_s) - 1)).attr("height", LANE.lane - 6).attr("rx", 2)
      .attr("fill", (row) => colourOf(row.emotion)).attr("fill-opacity", (row) => (row.emotion && row.emotion !== "uncertain" ? 0.3 + 0.7 * row.confidence : 1));
    marks.append("title").text((row) => `${clock(row.start_s)} ${nameOf(row)}: ${row.emotion ?? "not scored"} ${known(row.confidence) ? percent(row.confidence) : ""}\n${row.text}`);

    detail.waveform.forEach((bytes, index) => {
      const peaks = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      const middle = waveTop + index * (LANE.wave + 2) + LANE.wave / 2;
      if (detail.waveform.length === 1 || index === 0) name("sound", middle);
      svg.append("path").attr("class", "waveform").attr("fill", "var(--soft)").attr("d", d3.area(
        (_, at) => x((at / peaks.length) * (call.duration_s || 1)),
        (peak) => middle - (peak / 255) * (LANE.wave / 2) - 0.4, (peak) => middle + (peak / 255) * (LANE.wave / 2) + 0.4)(peaks));
    });
    cursor = svg.append("line").attr("y1", LANE.axis).attr("y2", height).attr("stroke", "var(--bad)").attr("stroke-width", 2).attr("visibility", "hidden");
    holder.replaceChildren(svg.node());
    mark();
    if (time !== null) at(time);
  }

  const mark = () => {
    for (const one of holder.querySelectorAll(".segment")) one.classList.toggle("chosen", +one.dataset.segment === chosen);
  };

  function choose(index) {
    chosen = index;
    mark();
    at(detail.segments[index].start_s);
  }

  function at(seconds) {
    time = seconds;
    cursor.attr("x1", x(seconds)).attr("x2", x(seconds)).attr("visibility", "visible");
    const left = x(seconds) - holder.scrollLeft;
    if (left < margin || left > holder.clientWidth - 30) holder.scrollLeft = x(seconds) - holder.clientWidth / 3;
  }

  draw();
  new ResizeObserver(draw).observe(holder); // once it is in the page, and whenever that changes
  const size = h("input", { type: "range", min: "1", max: "12", step: "1", value: "1", input: (event) => { zoom = +event.target.value; draw(); } });
  const element = h("figure", { class: "timeline" }, h("div", { class: "tools" }, h("label", {}, "Enlarge the timeline", size)), holder, legendOf(detail));
  return { element, choose, at };
}

const stretchText = ({ kind, start_s, end_s, text }) =>
  `${STRETCH_NAME[kind]}, ${duration(end_s - start_s)} from ${clock(start_s)}${text ? `: ${text}` : ""}`;

function description(call, detail) {
  const count = (kind) => detail.stretches.filter((one) => one.kind === kind).length;
  return `Timeline of ${duration(call.duration_s)}: ${counted(detail.segments.length, "segment")}, dead air ${count("dead air")} times, both speak ${count("overtalk")} times. The transcript below says the same.`;
}

function legendOf(detail) {
  const present = EMOTIONS.filter((emotion) => detail.segments.some((row) => row.emotion === emotion));
  const kinds = [...new Set(detail.stretches.map(({ kind }) => kind))];
  const mark = (kind) => {
    const element = h("span", { class: "chip" }, STRETCH_NAME[kind] + (kind === "overtalk" ? " (striped)" : kind === "dropped" ? " (dashed)" : ""));
    element.style.setProperty("--colour", STRETCH_FILL[kind] ?? "transparent");
    return element;
  };
  return h("div", {},
    h("ul", { class: "legend", "aria-label": "Legend" }, present.map((emotion) => h("li", {}, chip(emotion))), kinds.map((kind) => h("li", {}, mark(kind)))),
    detail.segments.some((row) => known(row.mood)) && h("p", { class: "soft" }, `The fainter a segment, the less sure the model. Line: the ${WHO}’s mood. Red area: the probability of being upset.`));
}
