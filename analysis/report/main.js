// The page: who says what, and where a click leads.
(async () => {
  const data = await unpack();
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;
  let timeline, plots;

  const pick = (seq, incident) => {
    const evidence = incident ? [incident.seq, ...incident.evidence] : partners(data, seq);
    timeline.mark(evidence);
    detail(data, seq, incident);
  };

  byId("name").textContent = data.name;
  const when = new Date(Number(BigInt(data.start) / 1000000n));
  byId("about").textContent = [
    data.venue, when.toLocaleString(), duration(data.duration), `${data.events.toLocaleString()} events`,
    data.faults.length ? `disturbed by: ${data.faults.join("; ")}` : "", data.ended ? `ended: ${data.ended}` : "cut off",
  ].filter(Boolean).join(" · ");

  const counted = new Map();
  for (const incident of data.incidents) counted.set(incident.kind, (counted.get(incident.kind) || 0) + 1);
  for (const [kind, count] of counted) {
    byId("verdict").append(element("button", { class: "badge bad", type: "button", onclick: () => byId(`kind-${kind}`)?.scrollIntoView({ behavior: "smooth", block: "center" }) }, element("b", {}, String(count)), kind));
  }
  if (!counted.size) byId("verdict").append(element("span", { class: "badge good" }, "nothing went wrong that we know of"));
  if (data.gaps) byId("verdict").append(element("span", { class: "badge odd" }, element("b", {}, String(data.gaps)), "gaps in the recording"));

  for (const [name, what] of [["bot", "bot → venue"], ["venue", "venue → bot"], ["span", "request until its answer"], ["odd", "refused"], ["bad", "no answer, incident, broken line"]]) {
    const ink = element("i");
    ink.style.background = `var(--${name})`;
    byId("legend").append(element("span", {}, ink, what));
  }

  for (const line of data.story) {
    byId("story").append(element("li", { class: line.tone, "data-seq": line.seq, onclick: () => pick(line.seq, data.incidents.find((each) => each.seq === line.seq && line.text.startsWith(each.kind))) },
      element("time", {}, clock(data, line.at, 1e6)), element("span", {}, line.text)));
  }

  if (data.incidents.length) incidents(data, pick);
  else byId("incidents-box").remove();

  if (data.orders.length) {
    table(byId("orders"), [
      { name: "#", at: 0, number: true }, { name: "sent", at: 2, number: true, show: (row) => clock(data, row[2], 1e6) },
      { name: "order", show: (row) => [row[4], row[5], row[3], row[6] ? `at ${row[6]}` : ""].filter(Boolean).join(" "), sort: (row) => row[3] },
      { name: "client id", at: 7 }, { name: "venue's id", at: 8 },
      { name: "outcome", show: (row) => outcomeOf(row[9], row[13]), sort: (row) => row[9] }, { name: "known by", at: 10 }, { name: "last status", at: 12 },
      { name: "after", at: 14, number: true, show: (row) => duration(row[14]) },
    ], data.orders, (row) => pick(row[0]));
  } else byId("orders-box").remove();

  if (data.latency.length) {
    table(byId("latency"), ["operation", "n", "p50", "p90", "p99", "p99.9", "max", "ours (p50)"].map((name, at) => (
      { name, at, number: at > 0, show: at > 1 ? (row) => duration(row[at]) : undefined }
    )), data.latency, null);
  }

  table(byId("lines"), [
    { name: "#", at: "conn", number: true }, { name: "address", at: "url" },
    { name: "opened", at: "opened", number: true, show: (row) => clock(data, row.opened ?? 0, 1e6) },
    { name: "lasted", number: true, show: (row) => (row.over ? duration(row.ended - row.opened) : "to the end"), sort: (row) => row.ended - row.opened },
    { name: "ended", show: (row) => `${endingOf(row)}${row.reason ? ` (${row.reason})` : ""}` },
    { name: "bot said", at: "client_messages", number: true, show: (row) => `${row.client_messages.toLocaleString()} · ${bytes(row.client_bytes)}` },
    { name: "venue said", at: "venue_messages", number: true, show: (row) => `${row.venue_messages.toLocaleString()} · ${bytes(row.venue_bytes)}` },
  ], data.lines, (row) => timeline.show(row.opened ?? 0, row.over ? row.ended : data.duration));

  byId("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    timeline.draw();
    plots.draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { timeline.draw(); plots.draw(); });

  timeline = new Timeline(data, pick);
  plots = new Plots(data, pick);
  byId("footer").textContent = `wsreplay ${data.tool}. Nothing on this page comes from the network. Every #number is an address: wsreplay show ${data.name}.parquet#NUMBER` +
    (data.requests_left_out ? ` ${data.requests_left_out.toLocaleString()} of the fastest requests are not drawn.` : "") +
    (data.density.length ? " There is too much to draw every message: what the venue said is shown as densities." : "") +
    (timeline.lanesLeftOut ? ` ${timeline.lanesLeftOut.toLocaleString()} connections on which nothing went wrong are not drawn.` : "");
  if (location.hash.match(/^#\d+$/)) pick(Number(location.hash.slice(1)));
  root.dataset.ready = "yes";
})();

// A request and its answer belong together.
function partners(data, seq) {
  return [seq, ...data.requests.filter((request) => request[0] === seq && request[3] !== null).flatMap((request) => {
    const at = data.at.findIndex((ns, index) => ns === request[3] && data.conn[index] === request[1]);
    return at < 0 ? [] : [data.seq[at]];
  })];
}

function incidents(data, pick) {
  const box = document.getElementById("incidents");
  const seen = new Set();
  for (const incident of data.incidents) {
    const links = [...new Set([incident.seq, ...incident.evidence])].sort((a, b) => a - b).map((seq) =>
      element("button", { class: "link", type: "button", "data-seq": seq, onclick: () => pick(seq) }, `#${seq}`));
    box.append(element("div", { class: `incident ${incident.certainty}`, id: seen.has(incident.kind) ? null : `kind-${incident.kind}` },
      element("h3", { class: "bad" }, `${incident.kind} `, element("span", { class: "soft" }, incident.certainty)),
      element("p", {}, incident.summary), incident.advice ? element("p", { class: "advice" }, incident.advice) : null,
      element("p", {}, element("span", { class: "at" }, `${clock(data, incident.at, 1e3)} · evidence: `), ...links,
        element("button", { class: "link", type: "button", onclick: () => pick(incident.seq, incident) }, "show all"))));
    seen.add(incident.kind);
  }
}

function detail(data, seq, incident) {
  const box = document.getElementById("detail");
  const index = data.bySeq.get(seq);
  const request = data.requests.find((each) => each[0] === seq);
  const word = index === undefined ? [] : data.words[data.what[index]];
  const facts = [
    word.length ? `${word[0] === "client" ? "bot → venue" : word[0] === "venue" ? "bot ← venue" : word[0]} · ${[word[3], word[2], word[1]].filter(Boolean).join(" · ")}` : "",
    index === undefined ? "" : `${clock(data, data.at[index], 1)} · connection ${data.conn[index]}`,
    request ? `${request[6] || ""} · ${request[5]}${request[7] ? ` (${request[7]})` : ""}${request[8] !== null ? ` after ${duration(request[8])}` : ""}` : "",
    incident ? incident.summary : "",
  ].filter(Boolean);
  const payload = data.payloads[seq];
  box.replaceChildren(
    element("button", { class: "close", type: "button", onclick: () => (box.hidden = true) }, "close"),
    element("strong", {}, `#${seq}`), ...facts.map((fact) => element("div", {}, fact)),
    element("div", { class: "soft" }, element("code", {}, `wsreplay show ${data.name}.parquet#${seq}`)),
  );
  if (payload) box.append(element("pre", {}, pretty(payload)));
  box.hidden = false;
}

function pretty(text) {
  // Numbers beyond a double's digits would be lost in JSON.parse: such a text stays as it is.
  if (/\d{16,}/.test(text)) return text;
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}
