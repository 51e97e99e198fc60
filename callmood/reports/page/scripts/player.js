// The sound of a call, where the page has it.

/** A player, with `play(start, end)` and `seek(seconds)`; null where there is no sound. `moved`: told of the time while it plays. */
function playerOf(call, moved) {
  const sources = call.sound === "clip" ? [clipAddress(call.id)] : call.sound;
  if (!sources?.length) return null;
  const [main, ...others] = sources.map((src) => h("audio", { src, preload: "metadata" }));
  main.setAttribute("controls", "");
  main.setAttribute("aria-label", "Sound of the call");
  const problem = h("span", { class: "bad", role: "status" });
  let until = null;
  main.addEventListener("timeupdate", () => {
    if (until !== null && main.currentTime >= until) {
      main.pause();
      until = null;
    }
    moved(main.currentTime);
  });
  for (const event of ["play", "pause", "seeking"]) {
    main.addEventListener(event, () => others.forEach((other) => { // the other side of a call in two files
      other.currentTime = main.currentTime;
      if (main.paused) other.pause();
      else other.play();
    }));
  }
  main.addEventListener("error", () => {
    problem.textContent = "This browser can’t play the recording: it was moved, or has a format that only telephone systems use. --audio embed makes a page that plays.";
  });
  return {
    element: h("div", { class: "player" }, main, others, problem),
    play(start, end) {
      until = end;
      main.currentTime = start;
      main.play().catch(() => {}); // a browser may refuse before the first click; the controls still work
    },
    seek(seconds) {
      until = null;
      main.currentTime = seconds;
    },
    stop: () => main.pause(),
  };
}

const clips = new Map();
function clipAddress(id) {
  if (!clips.has(id)) {
    const bytes = Uint8Array.from(atob(JSON.parse(document.getElementById(`clip-${id}`).textContent)), (letter) => letter.charCodeAt(0));
    clips.set(id, URL.createObjectURL(new Blob([bytes], { type: "audio/mpeg" })));
  }
  return clips.get(id);
}

function silenceExplained(call) {
  if (page.audio === "none") {
    return h("p", { class: "soft" }, "Sound is not in this page, because recordings are sensitive. To hear this call: ",
      h("code", {}, `callmood report --call ${call.id} --html call.html --audio embed`), " (or ", h("code", {}, "--audio link"), " to play the recordings where they are).");
  }
  return h("p", { class: "soft" }, page.audio === "link" ? "The recording was not where it was scanned when this page was made."
    : `No sound of this call is in the page: its recording could not be read, or is not among the ${page.hours_of_sound} hours of the most upset calls. A page of this call alone has it: `,
    page.audio === "embed" && h("code", {}, `callmood report --call ${call.id} --html call.html --audio embed`));
}
