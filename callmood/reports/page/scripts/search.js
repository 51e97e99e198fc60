// Search for words in the transcripts of this page.

const RESULTS_SHOWN = 200;

function searchView() {
  const results = h("ul", { class: "moments" });
  const status = h("p", { role: "status", class: "soft" });
  const field = h("input", { type: "search", id: "words", size: "40", placeholder: "words that were said" });
  const options = (all, values) => [h("option", { value: "" }, all), ...values.map((value) => h("option", { value }, value))];
  const role = h("select", {}, options("anyone", ["customer", "agent"]));
  const emotion = h("select", {}, options("any", EMOTIONS));
  let waiting = null;

  function run() {
    const wanted = field.value.trim().toLowerCase();
    if (!wanted) {
      status.textContent = "";
      return results.replaceChildren();
    }
    const found = [];
    for (const call of calls) {
      for (const row of detailOf(call.id)?.segments ?? []) {
        const at = row.text.toLowerCase().indexOf(wanted);
        if (at >= 0 && (!role.value || sideOf(row.role) === role.value) && (!emotion.value || row.emotion === emotion.value)) found.push([call, row, at]);
      }
    }
    const inCalls = new Set(found.map(([call]) => call.id)).size;
    status.textContent = found.length === 0 ? "Nobody said that." : `${counted(found.length, "segment")} in ${counted(inCalls, "call")}${found.length > RESULTS_SHOWN ? `; the first ${RESULTS_SHOWN}` : ""}.`;
    results.replaceChildren(...found.slice(0, RESULTS_SHOWN).map(([call, row, at]) => h("li", {}, opening(call, row.start_s), about(call), " ", chip(row.emotion),
      h("blockquote", {}, h("span", { class: "soft" }, `${nameOf(row)}: `), h("bdi", {}, row.text.slice(0, at), h("mark", {}, row.text.slice(at, at + wanted.length)), row.text.slice(at + wanted.length))))));
  }

  const soon = () => { clearTimeout(waiting); waiting = setTimeout(run, 150); };
  for (const element of [field, role, emotion]) element.addEventListener("input", soon);
  const start = page.has_words ? [h("div", { class: "tools" }, h("label", {}, "Words", field), h("label", {}, "Said by", role), h("label", {}, "Emotion", emotion)), status, results]
    : [h("p", {}, "With this many calls the transcripts are in the pages of the calls, where they can be searched. ",
        h("code", {}, "callmood report --agent NAME --html agent.html"), " makes one page of an agent.")];
  return [h("h1", { tabindex: "-1" }, "Search what was said"), ...start];
}
