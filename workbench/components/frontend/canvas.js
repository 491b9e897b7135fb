// A picture to paint on. The strokes belong to the browser: it takes them from Python only for a painting that it does
// not have yet or has an older version of, so that a rerun never brings back what the visitor has gone beyond.

const OPACITY = 0.55;
const NEAR = 12; // CSS pixels: a click so close to a corner of a polygon means that corner

const painters = new WeakMap();

// Streamlit may call a cleanup although the page goes on, so there is none: a painter leaves with its elements.
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".painter");
  if (!painters.has(root)) painters.set(root, new Painter(root));
  painters.get(root).show(data, setStateValue);
}

class Painter {
  constructor(root) {
    this.root = root;
    [this.canvas, this.ring, this.note, this.slider] = ["canvas", ".ring", ".note", "input"].map((name) => root.querySelector(name));
    this.viewport = new Viewport(this.canvas);
    this.tool = "brush";
    this.stroke = null; // the one that is not finished
    this.gestures = new Gestures(this.canvas, this.viewport, this);
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("click", (event) => this.click(event));
    this.slider.addEventListener("input", () => this.resize(this.slider.value));
    new ResizeObserver(() => this.plan()).observe(this.canvas);
    const container = root.getRootNode().host?.closest(".stElementContainer");
    container?.style.setProperty("opacity", "1", "important"); // Streamlit fades what it computes; painting goes on meanwhile
  }

  // What Python says.

  show(data, setStateValue) {
    const before = this.data;
    this.data = data;
    this.setStateValue = setStateValue;
    const otherPicture = before?.digest !== data.digest;
    const otherPainting = before?.painting !== data.painting;
    if (otherPicture) this.open(data);
    if (otherPicture || before.colour !== data.colour) {
      this.layer = new Layer(data.size, data.colour);
      this.fresh = new Layer(data.size, data.colour); // what the result does not show yet
    }
    if (otherPicture || otherPainting) this.stroke = null;
    if (otherPainting || data.version > this.version) {
      this.version = data.version;
      this.history = new History(data.strokes);
      this.settled = 0; // how many strokes the result shows
    }
    if (!data.result) this.settled = 0;
    this.load("photo", data.photo);
    this.load("result", data.result, () => this.settle(data.version));
    this.repaint();
  }

  open({ size: [height, width] }) {
    this.photo = this.result = null;
    this.viewport.fit(height, width);
    this.canvas.parentElement.style.aspectRatio = `${width} / ${height}`;
    this.slider.max = Math.max(8, Math.ceil(Math.min(height, width) / 4));
    this.resize(Math.min(height, width) / 32);
  }

  load(name, uri, then = () => {}) {
    if (!uri) this[name] = null;
    else if (this[name]?.src === uri) then();
    else {
      const image = new Image();
      image.onload = () => {
        if (this.data[name] !== uri) return; // a newer one is on its way
        this[name] = image;
        then();
        this.plan();
      };
      image.src = uri;
    }
  }

  // The result is there; strokes that it does not show stay filled.
  settle(version) {
    if (version !== this.version) return;
    this.settled = this.history.strokes.length;
    this.repaint();
  }

  // What gestures.js finds out.

  hover(event) {
    this.pointer = this.point(event);
    this.showRing(event);
    if (this.stroke?.tool === "polygon") this.plan();
  }

  leave() { this.ring.hidden = true; }

  showRing({ clientX, clientY, pointerType }) {
    const outlined = FREEHAND.includes(this.tool) || this.tool === "line";
    this.ring.hidden = !outlined || pointerType === "touch" || this.gestures.moving;
    const box = this.canvas.getBoundingClientRect();
    const across = `${this.size * this.viewport.unit}px`;
    Object.assign(this.ring.style, { width: across, height: across, left: `${clientX - box.left}px`, top: `${clientY - box.top}px` });
  }

  // Strokes, from the first point to Python.

  point(event) { return this.viewport.place(event).map((value) => Math.round(value * 16) / 16); } // Python counts in sixteenths

  hasRoom() {
    const { strokes } = this.history;
    const points = strokes.reduce((sum, stroke) => sum + stroke.points.length, this.stroke?.points.length ?? 0);
    return strokes.length < this.data.limits.strokes && points + 1 < this.data.limits.points; // a line adds two
  }

  begin(event) {
    this.note.hidden = this.hasRoom();
    if (!this.note.hidden || this.tool === "polygon") return;
    this.stroke = { tool: this.tool, size: this.size, points: [this.point(event)] };
    if (FREEHAND.includes(this.tool)) this.paintPiece();
  }

  extend(event) {
    if (!this.stroke) return;
    const { tool, size, points } = this.stroke;
    const point = this.point(event);
    if (!FREEHAND.includes(tool)) {
      points[1] = point;
      this.plan();
    } else if (distance(point, points.at(-1)) >= Math.max(0.5, size / 16) && this.hasRoom()) { // closer ones show nothing
      points.push(point);
      this.paintPiece();
    }
  }

  end(event) {
    if (this.tool === "polygon") return this.addCorner(event);
    this.extend(event);
    this.finish();
  }

  interrupt() { if (this.tool !== "polygon") this.cancel(); } // whose corners are clicks of their own

  addCorner(event) {
    if (!this.hasRoom()) return;
    const point = this.pointer = this.point(event);
    this.stroke ??= { tool: "polygon", size: this.size, points: [] };
    const { points } = this.stroke;
    const meant = (corner) => corner && distance(corner, point) * this.viewport.unit < NEAR;
    if (points.length > 2 && (meant(points[0]) || meant(points.at(-1)))) this.finish(); // so a double click closes it too
    else if (!meant(points.at(-1))) points.push(point);
  }

  paintPiece() {
    for (const layer of [this.layer, this.fresh]) layer.extend(this.stroke);
    this.plan();
  }

  finish() {
    if (!this.stroke || !isWhole(this.stroke)) return this.cancel();
    this.history.add([...this.history.strokes, this.stroke]);
    this.stroke = null;
    this.changed();
  }

  cancel() {
    this.stroke = null;
    this.repaint();
  }

  undo() {
    if (this.stroke?.tool === "polygon") {
      this.stroke.points.pop();
      if (!this.stroke.points.length) this.cancel();
    } else if (!this.stroke && this.history.undoable) {
      this.history.undo();
      this.changed();
    }
  }

  redo() {
    if (this.stroke || !this.history.redoable) return;
    this.history.redo();
    this.changed();
  }

  clear() {
    this.cancel();
    if (!this.history.strokes.length) return;
    this.history.add([]); // which can be undone
    this.changed();
  }

  changed() {
    this.note.hidden ||= this.hasRoom();
    this.repaint();
    this.version += 1;
    this.setStateValue("painting", { painting: this.data.painting, version: this.version, strokes: this.history.strokes });
  }

  // Tools and keys.

  choose(tool) {
    if (this.tool !== tool) this.cancel();
    this.tool = tool;
    this.ring.hidden = true;
  }

  resize(size) {
    this.size = Math.round(Math.min(this.slider.max, Math.max(1, size)));
    this.slider.value = this.size;
    this.root.querySelector("output").textContent = `${this.size} px`;
    this.ring.hidden = true;
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const acts = {
      undo: () => this.undo(),
      redo: () => this.redo(),
      clear: () => this.clear(),
    };
    if (button.value) this.choose(button.value);
    else if (acts[button.name]) acts[button.name]();
    else this.viewport[button.name]();
    this.plan();
    if (event.detail) this.canvas.focus({ preventScroll: true }); // a mouse goes on to the picture, the tab key stays
  }

  key(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const commands = { z: () => (event.shiftKey ? this.redo() : this.undo()), y: () => this.redo() };
    const command = (event.ctrlKey || event.metaKey) && !event.altKey;
    const seen = event.target.matches("input") ? null : this.viewport.act(key); // arrows move the slider itself
    const act = command ? commands[key] : this.keys(event.target)[key] ?? seen;
    if (!act || (event.altKey && !"[]".includes(key))) return; // which many keyboards type with Alt
    act();
    this.plan();
    event.preventDefault();
    event.stopPropagation(); // R and C mean something to Streamlit
  }

  keys(target) {
    const keys = {
      b: () => this.choose("brush"),
      l: () => this.choose("line"),
      r: () => this.choose("rectangle"),
      p: () => this.choose("polygon"),
      e: () => this.choose("eraser"),
      "[": () => this.resize(Math.min(this.size - 1, this.size / 1.25)),
      "]": () => this.resize(Math.max(this.size + 1, this.size * 1.25)),
      Delete: () => this.clear(),
    };
    if (this.stroke) keys.Escape = () => this.cancel();
    if (target !== this.canvas) return keys; // a button and the slider have a use for the others
    keys[" "] = () => { this.gestures.space = true; };
    if (this.stroke?.tool === "polygon") keys.Enter = () => this.finish();
    return keys;
  }

  // What is seen.

  repaint() {
    const { strokes } = this.history;
    const begun = FREEHAND.includes(this.stroke?.tool) ? [this.stroke] : [];
    this.settled = Math.min(this.settled, strokes.length);
    this.layer.repaint([...strokes, ...begun]);
    this.fresh.repaint([...strokes.slice(this.settled), ...begun]);
    this.plan();
  }

  plan() { this.planned ||= requestAnimationFrame(() => { this.planned = null; this.draw(); }); }

  draw() {
    this.describe();
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!across || !down) return;
    const pen = emptied(this.canvas, across * ratio, down * ratio);
    pen.scale(ratio, ratio);
    const { left, top, unit, width, height } = this.viewport;
    const area = [left, top, width * unit, height * unit];
    const picture = this.result ?? this.photo;
    if (picture) pen.drawImage(picture, ...area);
    if (this.result) this.layer.drawRim(pen, area);
    pen.globalAlpha = OPACITY;
    pen.drawImage((this.result ? this.fresh : this.layer).canvas, ...area);
    if (this.stroke && !FREEHAND.includes(this.stroke.tool)) this.drawBegun(pen);
  }

  drawBegun(pen) {
    const { tool, size, points } = this.stroke;
    const { left, top, unit } = this.viewport;
    pen.translate(left, top);
    pen.scale(unit, unit);
    pen.fillStyle = pen.strokeStyle = this.data.colour;
    pen.lineWidth = tool === "line" ? size : 2 / unit;
    trace(pen, tool, tool === "polygon" ? [...points, this.pointer] : points);
    if (tool !== "line") pen.fill("evenodd");
    pen.stroke();
    if (tool !== "polygon") return;
    pen.globalAlpha = 1;
    pen.fillStyle = "white";
    for (const [x, y] of points) {
      pen.beginPath();
      pen.arc(x, y, 4 / unit, 0, 2 * Math.PI);
      pen.fill();
      pen.stroke();
    }
  }

  describe() {
    const { strokes, undoable, redoable } = this.history;
    const count = strokes.length === 1 ? "1 stroke" : `${strokes.length} strokes`;
    this.canvas.setAttribute("aria-label", `${this.data.description}: ${count}`);
    this.canvas.classList.toggle("moving", this.gestures.moving);
    const idle = { undo: !undoable && !this.stroke, redo: !redoable, clear: !strokes.length && !this.stroke };
    for (const button of this.root.querySelectorAll("button")) {
      if (button.value) button.setAttribute("aria-pressed", button.value === this.tool);
      else button.setAttribute("aria-disabled", Boolean(idle[button.name])); // not `disabled`, which would lose the focus
    }
  }
}
