// Latencies: each request where it was sent, and how they are distributed.
const INKS = ["bot", "venue", "good", "odd", "accent", "bad"];

class Plots {
  constructor(data, pick) {
    this.data = data;
    this.answered = data.requests.filter((request) => request[8] !== null && request[8] > 0);
    this.ops = [...new Set(this.answered.map((request) => request[4] || "request"))];
    if (!this.answered.length) {
      document.getElementById("latency-box").remove();
      return;
    }
    const latencies = this.answered.map((request) => request[8]);
    this.low = Math.min(...latencies) * 0.8;
    this.high = Math.max(...latencies) * 1.25;
    this.scatter = document.getElementById("scatter");
    this.scatter.addEventListener("click", (event) => {
      const box = this.scatter.getBoundingClientRect();
      const x = event.clientX - box.left, y = event.clientY - box.top;
      let best = null, nearest = 144;
      for (const dot of this.dots) {
        const distance = (dot.x - x) ** 2 + (dot.y - y) ** 2;
        if (distance < nearest) [best, nearest] = [dot, distance];
      }
      if (best) pick(best.seq);
    });
    new ResizeObserver(() => this.draw()).observe(this.scatter.parentElement);
    this.draw();
  }

  ink(op) { return colour(INKS[this.ops.indexOf(op || "request") % INKS.length]); }

  y(latency, height) {
    const part = (Math.log(latency) - Math.log(this.low)) / (Math.log(this.high) - Math.log(this.low));
    return height - 26 - part * (height - 44);
  }

  draw() {
    if (!this.answered.length) return;
    this.drawScatter();
    this.drawCurve();
  }

  grid(context, width, height) {
    context.strokeStyle = colour("line");
    context.fillStyle = colour("soft");
    context.beginPath();
    const factors = this.high / this.low > 1000 ? [1] : [1, 2, 5];
    for (let power = Math.floor(Math.log10(this.low)); power <= Math.log10(this.high); power++) {
      for (const latency of factors.map((factor) => factor * 10 ** power)) {
        if (latency < this.low || latency > this.high) continue;
        const y = Math.round(this.y(latency, height)) + 0.5;
        context.moveTo(56, y);
        context.lineTo(width, y);
        context.fillText(duration(latency), 0, y + 4);
      }
    }
    context.stroke();
  }

  drawScatter() {
    const [context, width, height] = sharp(this.scatter, 260);
    this.grid(context, width, height);
    const span = Math.max(this.data.duration, 1);
    this.dots = [];
    context.globalAlpha = this.answered.length > 2000 ? 0.35 : 0.8;
    for (const request of this.answered) {
      const x = 60 + (request[2] / span) * (width - 70), y = this.y(request[8], height);
      context.fillStyle = request[5] === "ok" ? this.ink(request[4]) : colour("bad");
      context.beginPath();
      context.arc(x, y, this.answered.length > 5000 ? 1.5 : 3, 0, 7);
      context.fill();
      this.dots.push({ x, y, seq: request[0] });
    }
    context.globalAlpha = 1;
    this.key(context, width, height, "when it was sent →");
  }

  // How many of a hundred were faster: steep is good, a long tail is not.
  drawCurve() {
    const [context, width, height] = sharp(document.getElementById("curve"), 260);
    this.grid(context, width, height);
    const place = (part) => 60 + (-Math.log10(1 - part) / 4) * (width - 80);
    context.fillStyle = colour("soft");
    for (const part of [0, 0.5, 0.9, 0.99, 0.999]) context.fillText(`p${part * 100 || 0}`, place(part), height - 6);
    for (const op of this.ops) {
      const sorted = this.answered.filter((request) => (request[4] || "request") === op).map((request) => request[8]).sort((a, b) => a - b);
      context.strokeStyle = this.ink(op);
      context.lineWidth = 2;
      context.beginPath();
      sorted.forEach((latency, index) => {
        const x = Math.min(place(index / sorted.length), width - 4), y = this.y(latency, height);
        index ? context.lineTo(x, y) : context.moveTo(x, y);
      });
      if (sorted.length === 1) context.lineTo(place(0) + 8, this.y(sorted[0], height));
      context.stroke();
    }
    context.lineWidth = 1;
  }

  key(context, width, height, axis) {
    let x = 60;
    context.fillStyle = colour("soft");
    context.fillText(axis, width - context.measureText(axis).width - 4, height - 6);
    for (const op of this.ops.slice(0, 6)) {
      context.fillStyle = this.ink(op);
      context.fillRect(x, height - 14, 10, 10);
      context.fillStyle = colour("soft");
      context.fillText(op, x + 14, height - 5);
      x += context.measureText(op).width + 30;
    }
  }
}
