// Lanes, one a connection: the bot's messages above, the venue's below, requests as spans between them.
const LANE = 74, GUTTER = 168, AXIS = 26, NARROWEST = 1000;
// Browsers draw nothing at all on a canvas that is higher than 32,000 to 65,000 pixels of the screen.
const MOST_LANES = 200;

class Timeline {
  constructor(data, pick) {
    this.data = data;
    this.pick = pick;
    this.canvas = document.getElementById("timeline");
    this.overview = document.getElementById("overview");
    this.full = [0, Math.max(data.duration, 1000)];
    const margin = (this.full[1] - this.full[0]) * 0.01;
    this.full = [this.full[0] - margin, this.full[1] + margin];
    this.view = this.busy();
    this.marked = new Set();
    this.lanes = this.sorted();
    this.spans = this.stacked();
    this.wire();
    this.draw();
  }

  // Where something was said: a long silence at the end, or before the beginning, is not what one looks at first.
  busy() {
    if (this.data.density.length) return [...this.full];
    const quiet = new Set(this.data.words.flatMap((word, index) => (["end", "open"].includes(word[1]) ? [index] : [])));
    let from = Infinity, to = -Infinity;
    this.data.at.forEach((ns, index) => {
      if (quiet.has(this.data.what[index])) return;
      from = Math.min(from, ns);
      to = Math.max(to, ns);
    });
    if (!(to - from > 0)) return [...this.full];
    const margin = (to - from) * 0.06;
    return [Math.max(from - margin, this.full[0]), Math.min(to + margin, this.full[1])];
  }

  // Which lanes there are, and where each stands.
  sorted() {
    const known = new Map(this.data.lines.map((line) => [line.conn, line]));
    const numbers = new Set([...known.keys(), ...this.data.conn]);
    const rest = new Set(this.data.words.flatMap((word, index) => (word[1].startsWith("http") ? [index] : [])));
    const restOnly = new Set();
    for (let index = 0; index < this.data.conn.length; index++) {
      if (rest.has(this.data.what[index]) && !known.has(this.data.conn[index])) restOnly.add(this.data.conn[index]);
    }
    const lanes = this.worthwhile([...numbers].filter((conn) => !restOnly.has(conn)), known);
    const made = lanes.map((conn) => ({ conn, line: known.get(conn), events: [], density: [] }));
    if (restOnly.size) made.push({ conn: "REST", events: [], density: [] });
    this.laneOf = new Map(made.flatMap((lane, at) => (lane.conn === "REST" ? [...restOnly].map((conn) => [conn, at]) : [[lane.conn, at]])));
    for (let index = 0; index < this.data.at.length; index++) made[this.laneOf.get(this.data.conn[index])]?.events.push(index);
    for (const bin of this.data.density) made[bin.conn === null ? made.length - 1 : this.laneOf.get(bin.conn)]?.density.push(bin);
    return made;
  }

  // Of more connections than can be drawn, those on which something went wrong, and then the first.
  worthwhile(conns, known) {
    const odd = new Set(this.data.incidents.map((incident) => incident.conn));
    const rank = (conn) => (odd.has(conn) ? 0 : known.has(conn) ? 1 : 2);
    const kept = conns.sort((a, b) => rank(a) - rank(b) || a - b).slice(0, MOST_LANES);
    this.lanesLeftOut = conns.length - kept.length;
    return kept.sort((a, b) => a - b);
  }

  // Requests that overlap stand in rows of their own.
  stacked() {
    const spans = this.lanes.map(() => []);
    const rows = this.lanes.map(() => []);
    const requests = [...this.data.requests].sort((a, b) => a[2] - b[2]);
    for (const request of requests) {
      const lane = this.laneOf.get(request[1]);
      if (lane === undefined) continue;
      const end = request[3] ?? request[2];
      let row = rows[lane].findIndex((until) => until <= request[2]);
      if (row < 0) row = rows[lane].length < 4 ? rows[lane].push(0) - 1 : 3;
      rows[lane][row] = end;
      spans[lane].push({ seq: request[0], from: request[2], to: request[3], row, outcome: request[5], request });
    }
    return spans;
  }

  x(ns) { return GUTTER + ((ns - this.view[0]) / (this.view[1] - this.view[0])) * (this.width - GUTTER - 8); }
  ns(x) { return this.view[0] + ((x - GUTTER) / (this.width - GUTTER - 8)) * (this.view[1] - this.view[0]); }

  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.paint();
      this.paintOverview();
    });
  }

  paint() {
    const [context, width, height] = sharp(this.canvas, AXIS + this.lanes.length * LANE);
    this.context = context;
    this.width = width;
    this.hits = [];
    this.axis(context, width, height);
    this.lanes.forEach((lane, at) => this.lane(context, lane, AXIS + at * LANE, at));
    this.incidents(context);
    const span = this.view[1] - this.view[0];
    document.getElementById("window").textContent =
      `${clock(this.data, Math.max(this.view[0], 0), span / 10)} · ${duration(span)} in view`;
  }

  axis(context, width, height) {
    const span = this.view[1] - this.view[0];
    const apart = step(span, Math.max(2, (width - GUTTER) / 130));
    context.strokeStyle = colour("line");
    context.fillStyle = colour("soft");
    context.beginPath();
    for (let at = Math.ceil(this.view[0] / apart) * apart; at < this.view[1]; at += apart) {
      const x = Math.round(this.x(at)) + 0.5;
      if (x < GUTTER) continue;
      context.moveTo(x, AXIS - 6);
      context.lineTo(x, height);
      context.fillText(clock(this.data, at, apart), x + 4, 14);
    }
    context.stroke();
  }

  lane(context, lane, top, number) {
    const middle = top + LANE / 2;
    context.fillStyle = colour("ink");
    context.font = "600 12.5px system-ui, sans-serif";
    context.fillText(lane.conn === "REST" ? "REST" : `connection ${lane.conn}`, 0, top + 24);
    context.font = "11.5px ui-monospace, monospace";
    context.fillStyle = colour("soft");
    context.fillText(shortened(context, (lane.line?.url || "").replace(/^wss?:\/\//, ""), GUTTER - 16), 0, top + 41);
    const ending = lane.line ? endingOf(lane.line) : "";
    if (lane.line?.ended_how && lane.line.ended_how !== "close") context.fillStyle = colour("bad");
    context.fillText(shortened(context, ending, GUTTER - 16), 0, top + 57);
    context.save();
    context.beginPath();
    context.rect(GUTTER - 2, top, this.width - GUTTER + 2, LANE);
    context.clip();
    this.life(context, lane, middle);
    this.dense(context, lane, middle);
    this.requests(context, this.spans[number], middle);
    this.messages(context, lane, middle, top);
    context.restore();
    context.strokeStyle = colour("line");
    context.beginPath();
    context.moveTo(0, top + LANE - 0.5);
    context.lineTo(this.width, top + LANE - 0.5);
    context.stroke();
  }

  // From the handshake to the end: a line, and how it ended.
  life(context, lane, middle) {
    const line = lane.line;
    if (!line) return;
    const from = this.x(line.opened ?? 0), to = line.over ? this.x(line.ended) : this.width;
    context.strokeStyle = colour("soft");
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(from, middle);
    context.lineTo(to, middle);
    context.stroke();
    context.lineWidth = 1;
    if (!line.over) return;
    context.fillStyle = line.ended_how === "close" ? colour("soft") : colour("bad");
    context.font = "600 13px system-ui, sans-serif";
    context.fillText(line.ended_how === "close" ? "●" : "✕", to - 5, middle + 4.5);
  }

  dense(context, lane, middle) {
    if (!lane.density.length) return;
    const most = Math.max(...lane.density.map((bin) => bin.n));
    context.fillStyle = colour("venue");
    context.globalAlpha = 0.45;
    for (const bin of lane.density) {
      const x = this.x(bin.at), w = Math.max(1, this.x(bin.at + bin.width) - x);
      if (x + w < GUTTER || x > this.width) continue;
      const h = Math.max(1, (bin.n / most) * (LANE / 2 - 10));
      context.fillRect(x, middle + 7, w, h);
    }
    context.globalAlpha = 1;
  }

  requests(context, spans, middle) {
    for (const span of spans) {
      const x = this.x(span.from);
      const open = span.to === null;
      const to = open ? x + 26 : this.x(span.to);
      if (to < GUTTER || x > this.width) continue;
      const w = Math.max(2, to - x), y = middle - 8 + span.row * 4;
      const lost = span.outcome === "unknown" || span.outcome === "late" || span.outcome === "pending";
      context.fillStyle = lost ? colour("bad") : span.outcome === "rejected" ? colour("odd") : colour("span");
      context.globalAlpha = this.marked.size && !this.marked.has(span.seq) ? 0.35 : 1;
      if (lost && open) {
        for (let dash = 0; dash < w; dash += 6) context.fillRect(x + dash, y, 3, 3);
      } else context.fillRect(x, y, w, 3);
      context.globalAlpha = 1;
      this.hits.push({ x, y: y - 2, w, h: 7, seq: span.seq, request: span.request });
    }
  }

  messages(context, lane, middle, top) {
    const words = this.data.words;
    const wide = this.view[1] - this.view[0];
    const events = lane.events;
    let last = [-9, -9];
    for (let at = this.first(events); at < events.length; at++) {
      const index = events[at];
      const ns = this.data.at[index];
      if (ns > this.view[1]) break;
      const [sender, kind, role] = words[this.data.what[index]];
      if (kind === "open" || kind === "end") continue;
      const up = sender === "client" ? 0 : 1;
      const x = this.x(ns);
      const seq = this.data.seq[index];
      const marked = this.marked.has(seq);
      if (!marked && x - last[up] < 0.6) continue; // nothing more would be seen
      last[up] = x;
      const heartbeat = role === "heartbeat" || kind === "ping" || kind === "pong";
      context.fillStyle = kind === "fault" ? colour("odd") : up ? colour("venue") : colour("bot");
      context.globalAlpha = marked ? 1 : heartbeat ? 0.35 : this.marked.size ? 0.3 : 0.9;
      const length = marked ? 24 : heartbeat ? 7 : role === "push" ? 12 : 18;
      const y = up ? middle + 8 : middle - 8 - length;
      context.fillRect(x - (marked ? 1.5 : 0.75), y, marked ? 3 : 1.5, length);
      if (kind === "fault") context.fillText("✂", x - 5, top + 13);
      this.hits.push({ x: x - 3, y, w: 6, h: length, seq, index });
    }
    context.globalAlpha = 1;
    if (wide < 50e6) this.names(context, lane, middle);
  }

  // Close enough to read: what each message is.
  names(context, lane, middle) {
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = colour("soft");
    const free = [-99, -99];
    for (let at = this.first(lane.events); at < lane.events.length; at++) {
      const index = lane.events[at];
      if (this.data.at[index] > this.view[1]) break;
      const [sender, kind, , op] = this.data.words[this.data.what[index]];
      if (kind === "open" || kind === "end") continue;
      const up = sender === "client" ? 0 : 1, x = this.x(this.data.at[index]);
      if (x < free[up]) continue;
      const name = op || kind;
      context.fillText(name, x + 3, up ? middle + 33 : middle - 24);
      free[up] = x + context.measureText(name).width + 10;
    }
  }

  first(events) {
    let low = 0, high = events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.data.at[events[middle]] < this.view[0]) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  incidents(context) {
    context.font = "13px system-ui, sans-serif";
    for (const incident of this.data.incidents) {
      const lane = this.laneOf.get(incident.conn);
      const x = this.x(incident.at);
      if (lane === undefined || x < GUTTER || x > this.width) continue;
      const y = AXIS + lane * LANE + 13;
      context.fillStyle = colour("bad");
      context.fillText("▲", x - 6, y);
      this.hits.push({ x: x - 8, y: y - 12, w: 16, h: 16, seq: incident.seq, incident });
    }
  }

  paintOverview() {
    const [context, width, height] = sharp(this.overview, 44);
    const scale = (ns) => GUTTER + ((ns - this.full[0]) / (this.full[1] - this.full[0])) * (width - GUTTER - 8);
    const counts = new Float64Array(Math.ceil(width));
    for (const at of this.data.at) counts[Math.round(scale(at))]++;
    for (const bin of this.data.density) counts[Math.round(scale(bin.at))] += bin.n;
    const most = Math.max(1, ...counts);
    context.fillStyle = colour("span");
    counts.forEach((count, x) => {
      if (count) context.fillRect(x, height - 6 - Math.sqrt(count / most) * (height - 16), 1, Math.sqrt(count / most) * (height - 16) + 1);
    });
    context.fillStyle = colour("bad");
    for (const incident of this.data.incidents) context.fillRect(scale(incident.at) - 1, 0, 2, 6);
    const [from, to] = [scale(this.view[0]), scale(this.view[1])];
    context.strokeStyle = colour("accent");
    context.strokeRect(from + 0.5, 0.5, Math.max(3, to - from) - 1, height - 6);
    this.scaleOverview = (x) => this.full[0] + ((x - GUTTER) / (width - GUTTER - 8)) * (this.full[1] - this.full[0]);
  }

  // Moving about.
  show(from, to) {
    const whole = this.full[1] - this.full[0];
    let span = Math.min(Math.max(to - from, NARROWEST), whole);
    const middle = (from + to) / 2;
    let start = middle - span / 2;
    start = Math.min(Math.max(start, this.full[0]), this.full[1] - span);
    this.view = [start, start + span];
    this.draw();
  }

  zoom(factor, around) {
    const at = around ?? (this.view[0] + this.view[1]) / 2;
    this.show(at - (at - this.view[0]) * factor, at + (this.view[1] - at) * factor);
  }

  move(part) {
    const by = (this.view[1] - this.view[0]) * part;
    this.show(this.view[0] + by, this.view[1] + by);
  }

  // Show these events, and lift them out of the others.
  mark(seqs) {
    this.marked = new Set(seqs);
    const times = seqs.map((seq) => this.timeOf(seq)).filter((ns) => ns !== undefined);
    if (times.length) {
      const from = Math.min(...times), to = Math.max(...times), margin = Math.max((to - from) * 0.25, 20000);
      this.show(from - margin, to + margin);
      document.getElementById("timeline-box").scrollIntoView({ block: "center", behavior: "smooth" });
    } else this.draw();
  }

  timeOf(seq) {
    const index = this.data.bySeq.get(seq);
    if (index !== undefined) return this.data.at[index];
    return this.data.requests.find((request) => request[0] === seq)?.[2] ?? this.data.incidents.find((each) => each.seq === seq)?.at;
  }

  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    for (let at = this.hits.length - 1; at >= 0; at--) {
      const hit = this.hits[at];
      if (x >= hit.x && x <= hit.x + hit.w && y >= hit.y && y <= hit.y + hit.h) return hit;
    }
    return null;
  }

  wire() {
    const tip = document.getElementById("tip");
    let dragged = null;
    this.canvas.addEventListener("wheel", (event) => {
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.move(event.deltaX / 800);
      else this.zoom(Math.exp(event.deltaY / 300), this.ns(event.clientX - this.canvas.getBoundingClientRect().left));
      event.preventDefault();
    }, { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => {
      dragged = { x: event.clientX, view: [...this.view], far: false };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (dragged) {
        const by = ((dragged.x - event.clientX) / (this.width - GUTTER)) * (dragged.view[1] - dragged.view[0]);
        dragged.far ||= Math.abs(dragged.x - event.clientX) > 3;
        this.show(dragged.view[0] + by, dragged.view[1] + by);
        tip.hidden = true;
        return;
      }
      const hit = this.under(event);
      tip.hidden = !hit;
      if (!hit) return;
      tip.textContent = tipOf(this.data, hit);
      tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${event.clientY + 18 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18}px`;
    });
    this.canvas.addEventListener("pointerup", (event) => {
      const still = dragged && !dragged.far;
      dragged = null;
      const hit = still && this.under(event);
      if (hit) this.pick(hit.seq, hit.incident);
    });
    this.canvas.addEventListener("pointerleave", () => (tip.hidden = true));
    this.canvas.addEventListener("dblclick", () => this.show(...this.full));
    this.overview.addEventListener("pointerdown", (event) => {
      const at = this.scaleOverview(event.clientX - this.overview.getBoundingClientRect().left);
      const half = (this.view[1] - this.view[0]) / 2;
      this.show(at - half, at + half);
    });
    this.canvas.addEventListener("keydown", (event) => {
      const done = { ArrowLeft: () => this.move(-0.2), ArrowRight: () => this.move(0.2), "+": () => this.zoom(0.6), "=": () => this.zoom(0.6),
        "-": () => this.zoom(1.6), 0: () => this.show(...this.full), Escape: () => this.mark([]) }[event.key];
      if (done) { done(); event.preventDefault(); }
    });
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => ({ in: () => this.zoom(0.5), out: () => this.zoom(2), all: () => { this.marked.clear(); this.show(...this.full); } })[button.dataset.zoom]());
    }
    new ResizeObserver(() => this.draw()).observe(this.canvas.parentElement);
  }
}

function endingOf(line) {
  if (line.status !== null && line.status !== 101) return line.error ? "never came up" : `refused: ${line.status}`;
  if (!line.over) return "open to the end";
  const who = { client: "bot", venue: "venue" }[line.first_to_end];
  if (!who) return "cut";
  return line.ended_how === "close" ? `closed by ${who}${line.code ? ` ${line.code}` : ""}` : `${line.ended_how || "ended"} by ${who}`;
}

function shortened(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  while (text.length > 1 && context.measureText(`${text}…`).width > width) text = text.slice(0, -1);
  return `${text}…`;
}

function tipOf(data, hit) {
  if (hit.incident) return `${hit.incident.kind}\n${hit.incident.summary}`;
  if (hit.request) {
    const [seq, , , , op, outcome, label, error, latency] = hit.request;
    return `#${seq} ${op || "request"} ${label || ""}\n${outcome}${error ? ` ${error}` : ""}${latency !== null ? ` after ${duration(latency)}` : ""}`;
  }
  const [sender, kind, role, op] = data.words[data.what[hit.index]];
  const way = sender === "client" ? "bot → venue" : sender === "venue" ? "bot ← venue" : sender;
  return `#${hit.seq} ${op || kind}\n${way}${role ? `, ${role}` : ""}\n${clock(data, data.at[hit.index], 1)}`;
}
