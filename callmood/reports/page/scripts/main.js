// Which view is shown: the part of the address after the #.

let leaving = null;
const main = document.getElementById("main");

function view(route) {
  const [name, first, second] = route.split("/").map(decodeURIComponent);
  if (name === "call") return callView(first, second === undefined ? null : Number(second));
  if (name === "group") return groupView(first);
  if (name === "calls") return callsView(first);
  return { search: searchView, about: aboutView, overview }[name]?.() ?? home();
}

const home = () => (page.found ? foundView() : page.single ? callView(calls[0].id, null) : page.home || page.list_calls ? callsView()
  : page.name && groupNames.length === 1 ? [...groupView(groupNames[0]), ...whatCallsAreAbout()] : overview());

function show({ focus = true } = {}) {
  leaving?.();
  leaving = null;
  let route = location.hash.slice(1);
  try {
    decodeURIComponent(route);
  } catch {
    route = ""; // an address that somebody cut off
  }
  main.replaceChildren(...view(route).flat(3).filter(Boolean));
  const title = main.querySelector("h1");
  document.title = `${title.textContent} – ${page.found ? "callmood find" : "call report"}`;
  for (const link of document.querySelectorAll("#top nav a")) {
    const href = link.getAttribute("href");
    if (href === `#${route.split("/")[0] || "overview"}` || (href === "#" && !route)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (focus) {
    scrollTo(0, 0);
    title.focus({ preventScroll: true });
  }
}

function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const set = (is_dark) => { document.documentElement.dataset.theme = is_dark ? "dark" : "light"; };
  set(dark.matches);
  dark.addEventListener("change", () => set(dark.matches));
  return h("button", { type: "button", click: () => set(document.documentElement.dataset.theme !== "dark") }, "Light / dark");
}

function top() {
  const start = page.home ?? "";
  const links = page.found ? [["", "Found"]] : page.single ? [["", "Call"], ["#about", "What the figures are worth"]]
    : [[`${start}#overview`, "Overview"], ["#calls", "Calls"], ["#search", "Search"], [page.home ? `${start}#about` : "#about", "What the figures are worth"]];
  const pick = groupNames.length > 1 && h("label", {}, h("span", { class: "unseen" }, `Go to ${GROUP}`),
    h("select", { change: (event) => { if (event.target.value) location.hash = groupAddress(event.target.value); event.target.value = ""; } },
      h("option", { value: "" }, `${GROUP_TITLE} …`), groupNames.map((name) => h("option", { value: name }, name))));
  return [h("nav", { "aria-label": "Parts of the report" }, links.map(([href, text]) => h("a", { href: href || "#" }, text))), pick, theme()].filter(Boolean);
}

document.getElementById("top").append(...top());
document.getElementById("bottom").append(
  `callmood ${page.version}, ${minute(page.made)}. Emotion detection makes mistakes: listen before you judge. `,
  page.single || page.home || page.found ? "" : h("a", { href: "#about" }, "What these figures are worth"));
addEventListener("hashchange", () => show());
show({ focus: false });
