// What the figures are worth: the models, what was left out, what the words mean, what the law says.

function aboutView() {
  const { limits } = page;
  const list = (items) => h("ul", { class: "text" }, items.map((item) => h("li", {}, item)));
  const scored = emotions.filter((row) => row.name === "" && row.emotion);
  const sum = (rows) => rows.reduce((total, row) => total + row.segments, 0);
  const uncertain = sum(scored.filter((row) => row.emotion === "uncertain"));
  const corrected = scored.reduce((total, row) => total + row.corrected, 0);
  return [
    h("h1", { tabindex: "-1" }, "What these figures are worth"),
    h("p", {}, "A model listened, not a person. It makes mistakes: listen before you judge, and do not decide anything about a person by these figures alone."),
    page.models.map(modelSection), page.models.length > 1 && h("p", { class: "warning" }, "Different models scored these calls, so moods are not comparable. callmood scan --rescore scores them alike."),
    scored.length > 0 && [h("h2", {}, "How much is uncertain"), h("p", {}, `${whole.format(uncertain)} of ${counted(sum(scored), "scored segment")} (${percent(uncertain / sum(scored))}) are “uncertain”: the model does not know their emotion. ${corrected ? `${counted(corrected, "segment was", "segments were")} corrected by people, and what they said counts.` : "Nobody has corrected a segment yet."}`)],
    page.agreement.length > 0 && agreementSection(),
    h("h2", {}, "What is left out"), page.notes.length ? list(page.notes) : h("p", {}, "Nothing."),
    h("h2", {}, "What the words mean"),
    list([
      `Upset: a listener would call the ${WHO} annoyed, angry or distressed, with a probability of ${percent(limits.likely_from)} or more. Pleased: glad, likewise. A call's figure is the probability that this happens at any time in it, a moment's (“here”) that of its highest segment. A speaker whose role is not known counts as a customer.`,
      "Mood: from −1 (angry) to +1 (happy), 0 is neutral. Start and end are the first and the last quarter of the conversation.",
      `Ended worse: the mood fell by ${limits.worse_by} or more, to below 0.`,
      "Turned round: upset at some time, and in the last quarter neither upset nor in a negative mood.",
      `Dead air: silences of ${limits.dead_air_from_s} s or more. Both speak: two voices at once, in stereo recordings. Agent cuts in: the agent begins while the customer speaks, and goes on.`,
      "95 % interval: with so few calls the true share may lie anywhere in it. Shares by Wilson, differences of shares by Newcombe, means by Student’s t; none is shown for fewer than five calls.",
      page.now_from ? `Change: ${periodText("now")} against ${periodText("before")}.` : "Change: not shown, because the calls span less than two weeks or have no start times.",
    ]),
    h("h2", { id: "law" }, "Emotions of employees"),
    h("p", {}, "Some laws, the EU’s AI Act among them, forbid inferring emotions of people at work, and others require that people are told. Calls can be scored for the customer only: ", h("code", {}, "callmood scan --roles customer --rescore"), " also removes the scores of agents that there are. Figures by agent are about their customers’ moods, which agents do not choose."),
    h("h2", {}, "What is taken out"),
    h("p", {}, page.redacted ? "In transcripts card numbers, accounts, telephone numbers, addresses, names and the like are replaced, such as by [card number], and customers’ numbers are shortened. What was misheard may be missed: look before you pass the page on. "
      : "Nothing: transcripts are as they were heard, with the numbers and names that people said. ",
      page.redacted && page.audio === "embed" && "In the sound they are muted.", page.redacted && page.audio === "link" && "The recordings themselves are played as they are, with all that was said."),
    h("h2", {}, "This page"),
    h("p", {}, `Made by callmood ${page.version} on ${minute(page.made)} from ${counted(calls.length, "call")}. It asks nothing of the network. `,
      page.audio === "none" ? ["It has no sound, because recordings are sensitive: add ", h("code", {}, "--audio embed"), " for compressed copies inside the page, or ", h("code", {}, "--audio link"), " to play the recordings where they are."]
        : page.audio === "link" ? "It plays the recordings from where they are." : `It holds compressed copies of recordings, up to ${page.hours_of_sound} hours of the most upset calls.`),
  ];
}

function agreementSection() {
  const figure = (value, bounds) => (known(value) ? `${value.toFixed(2)}${bounds ? ` (${bounds[0].toFixed(2)} to ${bounds[1].toFixed(2)})` : ""}` : NONE);
  return h("section", {}, h("h2", {}, "People and the model"),
    h("p", {}, "People heard segments and said what they are, in these calls. The model is compared on those that were chosen at random, by its most probable label. Kappa: 0 is chance, 1 always the same. Accuracy: the share of right labels of each emotion that the person heard, averaged. In brackets: 95 % intervals, from 10 segments on."),
    sortable({
      caption: "How far they agree", rows: page.agreement, columns: [
        { label: "Who", value: (row) => `${row.one} and ${row.other}`, cell: (row) => h("span", {}, words(row.one), " and ", words(row.other)) },
        { label: "Segments", number: true, value: (row) => row.segments, cell: (row) => whole.format(row.segments) },
        { label: "Same label", number: true, value: (row) => row.same, cell: (row) => percent(row.same) },
        { label: "Cohen’s kappa", number: true, value: (row) => row.kappa, cell: (row) => figure(row.kappa, row.kappa_interval) },
        { label: "Accuracy of the model", number: true, value: (row) => row.ua, cell: (row) => figure(row.ua, row.ua_interval) },
        { label: "Model uncertain", number: true, value: (row) => (row.other === "the model" ? row.uncertain : null), cell: (row) => (row.other === "the model" ? whole.format(row.uncertain) : NONE) },
      ],
    }));
}

function modelSection(model) {
  const title = model.name === null ? `Model ${model.id}` : `Model “${model.name.split(/[\\/]/).at(-1)}”`;
  const ua = model.figures.ua;
  return h("section", {}, h("h2", {}, title), h("p", {}, `It scored ${counted(model.calls, "call")}. `,
    model.name === null ? "It is not on the machine that made this page, so its figures are not known."
      : known(ua) ? `On speech of people whom it had never heard it finds ${ua.toFixed(1)} % of each emotion on average (unweighted accuracy), on acted speech; real calls are harder.` : "It says nothing of how well it does."),
    model.tests.length > 1 && h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Tests of the model" }, h("table", {}, h("caption", {}, "Its tests, in percent"),
      h("thead", {}, h("tr", {}, model.tests[0].map((cell) => h("th", { scope: "col" }, cell)))),
      h("tbody", {}, model.tests.slice(1).map((row) => h("tr", {}, row.map((cell, index) => h(index ? "td" : "th", { scope: index ? null : "row" }, cell))))))),
    model.tests.length > 1 && h("p", { class: "soft" }, "UA: the share of right labels of each emotion, averaged (unweighted accuracy). WA: the share of all right labels. ECE: how far its probabilities are off, on average. Baseline: whether a speaker’s own voice in the rest of the call is taken into account, as it is in a scan."),
    model.limits.length > 0 && [h("h3", {}, "Its limits"), h("ul", { class: "text" }, model.limits.map((item) => h("li", {}, item)))]);
}
