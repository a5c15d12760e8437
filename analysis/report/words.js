// Times, sizes and elements. What comes from a capture becomes text and never markup.
const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

function duration(ns) {
  if (ns === null || ns === undefined) return "";
  if (ns < 0) return "−" + duration(-ns);
  if (ns >= 3600e9) return `${Math.floor(ns / 3600e9)} h ${String(Math.floor(ns / 60e9) % 60).padStart(2, "0")} m`;
  if (ns >= 60e9) return `${Math.floor(ns / 60e9)} m ${String(Math.floor(ns / 1e9) % 60).padStart(2, "0")} s`;
  for (const [size, unit] of UNITS) {
    if (ns >= size) {
      const value = ns / size;
      return `${value < 10 && size > 1 ? value.toFixed(2) : value < 100 && size > 1 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
    }
  }
  return "0";
}

function bytes(count) {
  if (!count) return "0 B";
  for (const [size, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) if (count >= size) return `${(count / size).toPrecision(3)} ${unit}`;
  return `${count} B`;
}

// Wall clock of a moment, with as many digits as the window is fine.
function clock(data, ns, finest) {
  const whole = BigInt(data.start) + BigInt(Math.round(ns));
  const date = new Date(Number(whole / 1000000n));
  const time = date.toTimeString().slice(0, 8);
  const digits = finest >= 1e9 ? 0 : finest >= 1e6 ? 3 : finest >= 1e3 ? 6 : 9;
  return digits ? `${time}.${String(whole % 1000000000n).padStart(9, "0").slice(0, digits)}` : time;
}

function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  if (options.onclick && (tag === "li" || tag === "th")) {
    made.tabIndex = 0;
    made.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); options.onclick(event); }
    });
  }
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// A canvas as sharp as the screen; gives its context and its size in CSS pixels.
function sharp(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth || canvas.parentElement.clientWidth;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12px system-ui, sans-serif";
  return [context, width, height];
}

// Round steps for an axis: 1, 2 or 5 times a power of ten.
function step(span, most) {
  const raw = span / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= raw);
}
