// The sound of a call, where the page has it.

/**
 * A player, with `play(start, end)` and `seek(seconds)`; null where there is no sound. `moved`: told of the time while it
 * plays. `silenced`: told if nothing of it can be played after all.
 */
function playerOf(call, moved, silenced) {
  const sources = call.sound === "clip" ? [clipAddress(call.id)] : call.sound;
  if (!sources?.length) return null;
  let sides = sources.map((src) => h("audio", { src, preload: "metadata" })); // the second is the other side of a call in two files
  const problem = h("p", { class: "warning", role: "status", hidden: true });
  let until = null;

  function lead() {
    sides[0].setAttribute("controls", "");
    sides[0].setAttribute("aria-label", "Sound of the call");
  }

  function lost(side) {
    side.remove(); // a player that can't play must not look as if it could
    sides = sides.filter((one) => one !== side);
    problem.hidden = false;
    problem.replaceChildren(sides.length ? "One side of this call can’t be played" : "This call can’t be played",
      ": its recording was moved or deleted after this page was made, or has a format that this browser does not know. A page with the sound inside: ",
      embedding(call), ".");
    if (sides.length) lead();
    else silenced();
  }

  for (const side of sides) {
    side.addEventListener("timeupdate", () => {
      if (side !== sides[0]) return;
      if (until !== null && side.currentTime >= until) {
        side.pause();
        until = null;
      }
      moved(side.currentTime);
    });
    for (const event of ["play", "pause", "seeking"]) {
      side.addEventListener(event, () => side === sides[0] && sides.slice(1).forEach((other) => {
        other.currentTime = side.currentTime;
        if (side.paused) other.pause();
        else other.play().catch(() => {});
      }));
    }
    side.addEventListener("error", () => lost(side));
  }
  lead();
  return {
    element: h("div", { class: "player" }, sides, problem),
    play(start, end) {
      if (!sides.length) return;
      until = end;
      sides[0].currentTime = start;
      sides[0].play().catch(() => {}); // a browser may refuse before the first click; the controls still work
    },
    seek(seconds) {
      until = null;
      if (sides.length) sides[0].currentTime = seconds;
    },
    stop: () => sides[0]?.pause(),
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

const embedding = (call) => h("code", {}, `callmood report --call ${call.id} --html call.html --audio embed`);

function silenceExplained(call) {
  const isLost = call.silence && call.silence !== "left out";
  const lost = `recording ${page.losses[call.silence]}. Once it is where a scan finds it, scan it again and make this page anew.`;
  if (page.audio === "none") {
    return h("p", { class: "soft" }, "Sound is not in this page, because recordings are sensitive. ", isLost ? `Nor can it be: ${lost}`
      : ["To hear this call: ", embedding(call), " (or ", h("code", {}, "--audio link"), " to play the recordings where they are)."]);
  }
  return h("p", { class: "warning" }, "This call can’t be heard: ",
    isLost ? lost : [`recording ${page.losses[call.silence]}. A page of this call alone has it: `, embedding(call)]);
}

/** Of calls on a page with sound: how many can't be heard, and why. */
function silencesNote(some) {
  const silent = some.filter((call) => call.silence);
  if (page.audio === "none" || !silent.length) return null;
  const why = Object.keys(page.losses).map((loss) => [loss, silent.filter((call) => call.silence === loss).length]).filter(([, count]) => count);
  return h("p", { class: "warning" }, `${whole.format(silent.length)} of ${counted(some.length, "call")} can’t be heard: `,
    why.map(([loss, count]) => `${counted(count, "recording")} ${page.losses[loss]}`).join(", "), ".");
}
