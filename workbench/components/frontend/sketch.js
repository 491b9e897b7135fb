// A pointer that draws on a picture: from the first point to a finished stroke. Who extends it says where strokes go:
// `colour`, `hasRoom()`, `paintPiece()` for what is being drawn freehand, `add(stroke)` for what is finished, `plan()`.
// canvas.js and review_canvas.js use this; assets.py joins it to those scripts.

const NEAR = 12; // CSS pixels: a click so close to a corner of a polygon means that corner

class Sketch {
  constructor(root) {
    this.root = root;
    [this.canvas, this.ring, this.slider] = ["canvas", ".ring", ".size input"].map((name) => root.querySelector(name));
    this.viewport = new Viewport(this.canvas);
    this.tool = "brush";
    this.stroke = null; // the one that is not finished
    this.corner = null; // of a polygon, under the pointer that is down
    this.gestures = new Gestures(this.canvas, this.viewport, this);
    this.slider.addEventListener("input", () => this.resize(this.slider.value));
    new ResizeObserver(() => this.plan()).observe(this.canvas);
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

  // Strokes.

  point(event) { return this.viewport.place(event).map((value) => Math.round(value * 16) / 16); } // Python counts in sixteenths

  begin(event) {
    if (!this.hasRoom()) return;
    if (this.tool === "polygon") {
      this.corner = this.cornerAt(this.point(event)); // which may be moved as long as the polygon is open
      return;
    }
    this.stroke = { tool: this.tool, size: this.size, points: [this.point(event)] };
    if (FREEHAND.includes(this.tool)) this.paintPiece();
  }

  extend(event) {
    if (!this.stroke) return;
    const { tool, size, points } = this.stroke;
    const point = this.point(event);
    if (tool === "polygon") this.moveCorner(point);
    else if (!FREEHAND.includes(tool)) {
      points[1] = point;
      this.plan();
    } else if (distance(point, points.at(-1)) >= Math.max(0.5, size / 16) && this.hasRoom()) { // closer ones show nothing
      points.push(point);
      this.paintPiece();
    }
  }

  end(event) {
    if (this.tool === "polygon") return this.addCorner(this.point(event));
    this.extend(event);
    this.finish();
  }

  interrupt() {
    this.corner = null;
    if (this.tool !== "polygon") this.cancel(); // whose corners are clicks of their own
  }

  // A polygon, corner by corner.

  cornerAt(point) {
    const at = this.stroke?.points.findIndex((corner) => distance(corner, point) * this.viewport.unit < NEAR) ?? -1;
    return at < 0 ? null : { at, from: this.stroke.points[at], moved: false };
  }

  moveCorner(point) {
    const { corner } = this;
    if (!corner) return;
    corner.moved ||= distance(corner.from, point) * this.viewport.unit >= NEAR; // a click that trembles moves nothing
    if (corner.moved) this.stroke.points[corner.at] = point;
    this.plan();
  }

  addCorner(point) {
    const { corner } = this;
    this.corner = null;
    this.pointer = point;
    if (corner?.moved || !this.hasRoom()) return;
    this.stroke ??= { tool: "polygon", size: this.size, points: [] };
    const { points } = this.stroke;
    if (!corner) points.push(point);
    else if (points.length > 2 && (corner.at === 0 || corner.at === points.length - 1)) this.finish(); // so a double click closes it too
  }

  takeCornerBack() {
    if (this.stroke?.tool !== "polygon") return false;
    this.stroke.points.pop();
    if (!this.stroke.points.length) this.cancel();
    return true;
  }

  finish() {
    if (!this.stroke || !isWhole(this.stroke)) return this.cancel();
    const { stroke } = this;
    this.stroke = null;
    this.add(stroke);
  }

  // Whoever goes on to something else means the polygon that is still open.
  close() {
    if (this.stroke?.tool === "polygon") this.finish();
    else this.cancel();
  }

  cancel() {
    this.stroke = this.corner = null;
  }

  // Tools and keys.

  choose(tool) {
    if (this.tool !== tool) this.close();
    this.tool = tool;
    this.ring.hidden = true;
  }

  resize(size) {
    this.size = Math.round(Math.min(this.slider.max, Math.max(1, size)));
    this.slider.value = this.size;
    this.root.querySelector("output").textContent = `${this.size} px`;
    this.ring.hidden = true;
  }

  toolKeys() {
    return {
      b: () => this.choose("brush"),
      l: () => this.choose("line"),
      r: () => this.choose("rectangle"),
      p: () => this.choose("polygon"),
      e: () => this.choose("eraser"),
      "[": () => this.resize(Math.min(this.size - 1, this.size / 1.25)),
      "]": () => this.resize(Math.max(this.size + 1, this.size * 1.25)),
    };
  }

  // What is seen of the stroke that is not finished.

  drawBegun(pen) {
    const { tool, size, points } = this.stroke;
    const { left, top, unit } = this.viewport;
    pen.translate(left, top);
    pen.scale(unit, unit);
    pen.fillStyle = pen.strokeStyle = this.colour;
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
}
