// The photo with the anomaly map and the outlines over it: Ctrl with the wheel or a pinch zooms, drag moves, pointing reads the value.
// Zoom and position belong to the viewer and stay while Python sends new outlines.

const views = new WeakMap();

export default function ({ data, parentElement }) {
  let view = views.get(parentElement);
  if (!view) views.set(parentElement, (view = new PictureView(parentElement)));
  view.show(data);
  return () => {
    view.stop();
    views.delete(parentElement);
  };
}

class PictureView {
  constructor(parent) {
    this.frame = parent.querySelector(".frame");
    this.canvas = parent.querySelector("canvas");
    this.readout = parent.querySelector(".readout");
    this.photo = new Image();
    this.photo.onload = () => this.draw();
    this.fingers = new Map();
    this.viewport = new Viewport(this.canvas);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.frame);
    const on = (name, act) => this.canvas.addEventListener(name, act, { passive: false });
    on("wheel", (event) => { if (this.viewport.wheel(event)) this.draw(); });
    on("pointerdown", (event) => { this.fingers.set(event.pointerId, event); this.canvas.setPointerCapture(event.pointerId); });
    on("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => this.fingers.delete(event.pointerId));
    on("pointerleave", () => { this.readout.hidden = true; });
    on("dblclick", () => this.change(() => this.viewport.whole()));
    on("keydown", (event) => this.key(event));
    for (const button of parent.querySelectorAll("button")) button.onclick = () => this.change(() => this.viewport[button.name]());
  }

  show(data) {
    const [height, width] = data.size;
    if (this.data?.digest !== data.digest) this.viewport.fit(height, width);
    this.data = data;
    this.viewport.panels = data.panels.length;
    this.frame.style.aspectRatio = `${width * data.panels.length} / ${height}`;
    this.canvas.setAttribute("aria-label", data.description);
    this.levels = new Uint16Array(bytes(data.levels).buffer);
    this.map = this.painted();
    if (this.photo.src !== data.photo) this.photo.src = data.photo; // draws when it is decoded
    else this.draw();
  }

  stop() { this.observer.disconnect(); }

  change(act) {
    act();
    this.draw();
  }

  painted() {
    const [rows, columns] = this.data.grid;
    const colours = bytes(this.data.colours);
    const map = new ImageData(columns, rows);
    this.levels.forEach((level, place) => {
      const colour = 4 * Math.min(255, Math.round(level * 255 / this.data.one));
      map.data.set(colours.subarray(colour, colour + 4), 4 * place);
    });
    const canvas = new OffscreenCanvas(columns, rows);
    canvas.getContext("2d").putImageData(map, 0, 0);
    return canvas;
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!this.data || !across || !down) return;
    [this.canvas.width, this.canvas.height] = [across * ratio, down * ratio];
    this.canvas.style.touchAction = this.viewport.scale > 1 ? "none" : "pan-y"; // a page can be scrolled past a whole picture
    const pen = this.canvas.getContext("2d");
    const width = this.viewport.across;
    this.data.panels.forEach((layers, index) => {
      pen.setTransform(ratio, 0, 0, ratio, index * width * ratio, 0);
      pen.save();
      pen.beginPath();
      pen.rect(0, 0, width - (index + 1 < this.data.panels.length ? 4 : 0), down);
      pen.clip();
      this.drawPanel(pen, layers);
      pen.restore();
    });
  }

  drawPanel(pen, layers) {
    const { unit, left, top, width, height } = this.viewport;
    const area = [left, top, width * unit, height * unit];
    if (layers.includes("photo") && this.photo.complete && this.photo.naturalWidth) pen.drawImage(this.photo, ...area);
    if (layers.includes("map")) {
      pen.globalAlpha = this.data.opacity;
      pen.drawImage(this.map, ...area);
      pen.globalAlpha = 1;
    }
    if (!layers.includes("outline") && !layers.includes("mask")) return;
    if (layers.includes("mask") && !this.data.outlines.length) this.write(pen, "Nothing reaches the limit");
    pen.beginPath();
    for (const curve of this.data.outlines) {
      pen.moveTo(left + curve[0] * unit, top + curve[1] * unit);
      for (let place = 2; place < curve.length; place += 2) pen.lineTo(left + curve[place] * unit, top + curve[place + 1] * unit);
      pen.closePath();
    }
    pen.lineJoin = "round";
    if (layers.includes("mask")) {
      pen.globalAlpha = this.data.opacity;
      pen.fillStyle = this.data.accent;
      pen.fill("evenodd");
      pen.globalAlpha = 1;
    } else {
      for (const [colour, thickness] of [["white", 4], [this.data.accent, 2]]) { // the white rim shows on any part
        pen.strokeStyle = colour;
        pen.lineWidth = thickness;
        pen.stroke();
      }
    }
  }

  write(pen, words) {
    pen.font = "14px sans-serif";
    const width = pen.measureText(words).width;
    pen.fillStyle = "rgba(0, 0, 0, 0.8)";
    pen.fillRect(8, 8, width + 16, 26);
    pen.fillStyle = "white";
    pen.fillText(words, 16, 26);
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return this.read(event);
    this.change(() => this.viewport.drag(before, event, this.fingers));
    this.fingers.set(event.pointerId, event);
  }

  read(event) {
    const [x, y] = this.viewport.place(event);
    const { width, height } = this.viewport;
    const inside = x >= 0 && y >= 0 && x < width && y < height;
    this.readout.hidden = !inside;
    if (!inside) return;
    const [rows, columns] = this.data.grid;
    const level = this.levels[Math.floor(y / height * rows) * columns + Math.floor(x / width * columns)] / this.data.one;
    this.readout.textContent = `${this.data.label} ${level.toFixed(2)} at x ${Math.floor(x)}, y ${Math.floor(y)}`;
    const room = this.canvas.clientWidth - this.readout.offsetWidth;
    const above = event.offsetY > this.canvas.clientHeight / 2 ? -1 : 1;
    this.readout.style.left = `${Math.min(room, Math.max(0, event.offsetX - this.readout.offsetWidth / 2))}px`;
    this.readout.style.top = `${event.offsetY + above * 26 - 12}px`;
  }

  key(event) {
    const act = this.viewport.act(event.key);
    if (!act) return;
    this.change(act);
    event.preventDefault();
  }
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
