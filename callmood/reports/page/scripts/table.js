// A table that sorts and filters. Cells are text or elements, so nothing that a recording brings along becomes markup.

const ROWS_AT_ONCE = 100;

/**
 * `columns`: {label, value(row), cell(row), number, whole, title}; the first names the row. `sort`: [index of a column, "ascending" or
 * "descending"]. `filter`: what is looked for, in words; none: no field for it. `choices`: [{label, options: [[text, test]], chosen: index of one}].
 */
function sortable({ caption, columns, rows, sort = null, filter = null, choices = [], empty = "None." }) {
  let [by, direction] = sort ?? [null, null];
  let shown = ROWS_AT_ONCE;
  const tests = choices.map(({ options, chosen = 0 }) => options[chosen][1]);
  const haystacks = new Map();
  const textOf = (row) => {
    if (!haystacks.has(row)) {
      haystacks.set(row, columns.map(({ value, cell }) => (cell ? `${asText(cell(row))} ` : "") + (value(row) ?? "")).join(" ").toLowerCase());
    }
    return haystacks.get(row);
  };
  const body = h("tbody");
  const status = h("p", { class: "soft", role: "status" });
  const more = h("button", { type: "button", class: "more", click: () => { shown += ROWS_AT_ONCE; draw(); } });
  const field = filter && h("input", { type: "search", placeholder: filter, size: "30", input: () => { shown = ROWS_AT_ONCE; draw(); } });
  const heads = columns.map((column, index) =>
    h("th", { scope: "col", class: column.number ? "number" : null },
      h("button", { type: "button", title: column.title, click: () => sortBy(index) }, column.label)));

  function sortBy(index) {
    const first = columns[index].number ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    direction = by === index && direction === first ? other : first;
    by = index;
    draw();
  }

  const isNamed = (value) => known(value) && value !== "(unknown)";

  function matching() {
    const wanted = (field?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((row) => tests.every((test) => test(row)) && wanted.every((word) => textOf(row).includes(word)));
    if (by === null) return found;
    const { value } = columns[by];
    const sign = direction === "ascending" ? 1 : -1;
    return found.sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (!isNamed(a) || !isNamed(b)) return isNamed(b) - isNamed(a); // what is not known comes last, either way
      return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
    });
  }

  function draw() {
    const found = matching();
    heads.forEach((head, index) =>
      index === by ? head.setAttribute("aria-sort", direction) : head.removeAttribute("aria-sort"));
    body.replaceChildren(...found.slice(0, shown).map((row) =>
      h("tr", {}, columns.map(({ value, cell, number, whole }, index) =>
        h(index ? "td" : "th", { scope: index ? null : "row", class: number ? "number" : whole ? "whole" : null },
          (cell ? cell(row) : value(row)) ?? NONE)))));
    const all = found.length === rows.length ? "" : ` of ${whole.format(rows.length)}`;
    status.textContent = rows.length === 0 ? empty
      : found.length > shown ? `The first ${shown} of ${whole.format(found.length)}${all && `, out of ${whole.format(rows.length)}`}.`
      : filter || choices.length ? `${whole.format(found.length)}${all} shown.` : "";
    more.hidden = found.length <= shown;
    more.textContent = `Show ${Math.min(ROWS_AT_ONCE, found.length - shown)} more`;
  }

  const selects = choices.map(({ label, options, chosen = 0 }, index) =>
    h("label", {}, label, h("select", { change: (event) => {
      tests[index] = options[event.target.value][1];
      shown = ROWS_AT_ONCE;
      draw();
    } }, options.map(([text], number) => h("option", { value: String(number), selected: number === chosen }, text)))));
  draw();
  return h("div", {},
    (filter || choices.length > 0) && h("div", { class: "tools" }, field && h("label", {}, "Filter", field), selects),
    rows.length > 0 && h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads)), body)),
    status, more);
}

const asText = (content) =>
  content instanceof Node ? content.textContent : Array.isArray(content) ? content.map(asText).join(" ") : String(content ?? "");
