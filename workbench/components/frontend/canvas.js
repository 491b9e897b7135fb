// A picture to paint on. The strokes belong to the browser: it takes them from Python only for a painting that it does
// not have yet or has an older version of, so that a rerun never brings back what the visitor has gone beyond.

const OPACITY = 0.55;

const painters = new WeakMap();

// Streamlit may call a cleanup although the page goes on, so there is none: a painter leaves with its elements.
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".painter");
  if (!painters.has(root)) painters.set(root, new Painter(root));
  painters.get(root).show(data, setStateValue);
}

class Painter extends Sketch {
  constructor(root) {
    super(root);
    this.note = root.querySelector(".note");
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("click", (event) => this.click(event));
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

  // Strokes, from the first one to Python.

  get colour() { return this.data.colour; }

  hasRoom() {
    const { strokes } = this.history;
    const points = strokes.reduce((sum, stroke) => sum + stroke.points.length, this.stroke?.points.length ?? 0);
    return strokes.length < this.data.limits.strokes && points + 1 < this.data.limits.points; // a line adds two
  }

  begin(event) {
    this.note.hidden = this.hasRoom();
    super.begin(event);
  }

  paintPiece() {
    for (const layer of [this.layer, this.fresh]) layer.extend(this.stroke);
    this.plan();
  }

  add(stroke) {
    this.history.add([...this.history.strokes, stroke]);
    this.changed();
  }

  cancel() {
    super.cancel();
    this.repaint();
  }

  undo() {
    if (this.takeCornerBack()) return;
    if (!this.stroke && this.history.undoable) {
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
    const keys = { ...this.toolKeys(), Delete: () => this.clear() };
    if (this.stroke) keys.Escape = () => this.cancel();
    if (target !== this.canvas) return keys; // a button and the slider have a use for the others
    keys[" "] = () => { this.gestures.space = true; };
    if (this.stroke?.tool === "polygon") keys.Enter = () => this.finish();
    return keys;
  }

  // What is seen.

  hover(event) {
    this.pointAt(event.pointerType !== "touch");
    super.hover(event);
  }

  leave() {
    this.pointAt(false);
    super.leave();
  }

  pointAt(pointed) { // whether a mouse or a pen is over the picture
    if (this.pointed === pointed) return;
    this.pointed = pointed;
    this.plan();
  }

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
    if (this.result && (!this.data.glanced || this.pointed)) this.layer.drawRim(pen, area);
    this.canvas.style.touchAction = this.data.glanced && this.viewport.scale === 1 ? "pan-y" : "none"; // else each touch paints
    pen.globalAlpha = OPACITY;
    pen.drawImage((this.result ? this.fresh : this.layer).canvas, ...area);
    if (this.stroke && !FREEHAND.includes(this.stroke.tool)) this.drawBegun(pen);
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
