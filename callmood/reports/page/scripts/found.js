// What a search found: segments, each a click away from what was said before and after.

function foundView() {
  const { found } = page;
  const byMeaning = hits.some((hit) => known(hit.score));
  const inCalls = counted(calls.length, "call");
  const agents = [...new Set(calls.map((call) => call.agent ?? NONE))].sort();
  const callOf = (hit) => callsById.get(hit.id);
  const count = byMeaning ? `The nearest ${whole.format(hits.length)} of ${counted(found.searched, "segment")}, in ${inCalls}.`
    : `${whole.format(hits.length)} of ${counted(found.searched, "segment")} with these words, in ${inCalls}.`;
  return [
    h("h1", { tabindex: "-1" }, "Found: ", words(`“${found.text}”`)),
    h("p", {}, hits.length ? count : "Nothing was found."),
    found.only.length > 0 && h("p", {}, "Only ", words(found.only.join(", ")), "."),
    byMeaning && h("p", { class: "soft" }, "By meaning, whatever the words; the score is from 0 (nothing in common) to 1 (the same). There are always some nearest ones: read before you count."),
    h("p", { class: "soft" }, page.redacted ? "Card numbers, addresses, names and the like are replaced, such as by [card number]. What was misheard may be missed: look before you pass the page on."
      : "Transcripts are as they were heard, with the numbers and names that people said."),
    hits.length > 0 && sortable({
      caption: "What was said", rows: hits, filter: "words, call, agent …", sort: byMeaning ? [1, "descending"] : null,
      choices: [
        { label: "Said by", options: [["anyone", () => true], ...["customer", "agent"].map((side) => [side, (hit) => sideOf(hit.role) === side])] },
        ...agents.length > 1 ? [{ label: "Agent of the call", options: [["any", () => true], ...agents.map((name) => [name, (hit) => (callOf(hit).agent ?? NONE) === name])] }] : [],
      ],
      columns: [
        { label: "Words", value: (hit) => hit.text, cell: (hit) => [h("a", { href: callAddress(callOf(hit), hit.start_s) }, words(hit.text || "(no words)")), " ", hit.emotion && chip(hit.emotion)].filter(Boolean) },
        ...byMeaning ? [{ label: "Score", number: true, value: (hit) => hit.score, cell: (hit) => hit.score.toFixed(2) }] : [],
        { label: "Said by", value: (hit) => (hit.role === "unknown" ? "role not known" : hit.role) },
        { label: "At", number: true, value: (hit) => hit.start_s, cell: (hit) => clock(hit.start_s) },
        { label: "Call", value: (hit) => callName(callOf(hit)), cell: (hit) => callLink(callOf(hit), hit.start_s) },
        { label: "Agent", value: (hit) => callOf(hit).agent, cell: (hit) => words(callOf(hit).agent ?? NONE) },
        { label: "Start", whole: true, value: (hit) => callOf(hit).started_at, cell: (hit) => minute(callOf(hit).started_at) },
      ],
    }),
    h("p", { class: "soft" }, "Words lead to their moment in the call, with what was said before and after. To hear a call: ", h("code", {}, "callmood report --call CALL --html call.html --audio embed"), "."),
  ];
}
