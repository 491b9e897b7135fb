// Strokes in pixels of the picture, as workbench/components/strokes.py knows them: how they are drawn, done and undone.
// canvas.js uses this; assets.py joins it to that script.

const FREEHAND = ["brush", "eraser"]; // drawn piece by piece; the other shapes when they are finished
const LONGEST_SIDE = 4096; // the layer of a larger picture is coarser: phones refuse larger canvases

class Layer {
  constructor([height, width], colour) {
    this.scale = Math.min(1, LONGEST_SIDE / Math.max(height, width));
    this.canvas = new OffscreenCanvas(Math.ceil(width * this.scale), Math.ceil(height * this.scale));
    this.pen = this.canvas.getContext("2d");
    this.pen.scale(this.scale, this.scale);
    this.pen.fillStyle = this.pen.strokeStyle = colour;
    this.rim = new OffscreenCanvas(1, 1);
    this.rimmed = null; // what the rim was made for
  }

  repaint(strokes) {
    this.pen.clearRect(0, 0, this.canvas.width / this.scale, this.canvas.height / this.scale);
    this.rimmed = null;
    for (const stroke of strokes) this.paint(stroke);
  }

  paint({ tool, size, points }) {
    this.rimmed = null;
    this.pen.globalCompositeOperation = tool === "eraser" ? "destination-out" : "source-over";
    this.pen.lineWidth = size;
    trace(this.pen, tool, points);
    if (tool === "rectangle" || tool === "polygon") this.pen.fill("evenodd");
    else this.pen.stroke();
  }

  // The newest piece of a stroke that is being painted, so that long strokes stay quick.
  extend({ tool, size, points }) {
    const { rimmed } = this;
    this.paint({ tool, size, points: points.slice(-2) });
    if (tool === "brush") this.rimmed = rimmed; // its rim can wait until it is finished
  }

  // A line around all that is painted, so that what is inside can be seen.
  drawRim(pen, area) {
    const wanted = String([pen.canvas.width, pen.canvas.height, ...area]);
    if (this.rimmed !== wanted) this.makeRim(pen, area);
    this.rimmed = wanted;
    pen.save();
    pen.resetTransform();
    pen.drawImage(this.rim, 0, 0);
    pen.restore();
  }

  // The layer moved to its four corners, and itself cut out.
  makeRim(pen, [left, top, ...size]) {
    const sketch = emptied(this.rim, pen.canvas.width, pen.canvas.height);
    sketch.setTransform(pen.getTransform());
    for (const [across, down] of [[-2, -2], [-2, 2], [2, -2], [2, 2]]) {
      sketch.drawImage(this.canvas, left + across, top + down, ...size);
    }
    sketch.globalCompositeOperation = "destination-out";
    sketch.drawImage(this.canvas, left, top, ...size);
    sketch.resetTransform();
    sketch.globalCompositeOperation = "destination-over";
    [sketch.shadowColor, sketch.shadowBlur] = ["white", 3]; // shows on any part
    sketch.drawImage(this.rim, 0, 0);
  }
}

function trace(pen, tool, [[x, y], ...others]) {
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(x, y);
  if (tool === "rectangle") {
    for (const [right, bottom] of others) pen.rect(x, y, right - x, bottom - y);
    return;
  }
  if (!others.length) pen.lineTo(x + 0.001, y); // a line of no length may be left out
  for (const point of others) pen.lineTo(...point);
  if (tool === "polygon") pen.closePath();
}

// Whether there is something to see: a mere click is no line and no rectangle.
function isWhole({ tool, points }) {
  const [[x, y], [right, bottom] = [x, y]] = points;
  if (tool === "line") return x !== right || y !== bottom;
  if (tool === "rectangle") return x !== right && y !== bottom;
  return tool !== "polygon" || points.length > 2;
}

class History {
  constructor(strokes) { // strokes from an earlier visit can be undone too
    this.states = Array.from({ length: strokes.length + 1 }, (_, count) => strokes.slice(0, count));
    this.step = strokes.length;
  }

  get strokes() { return this.states[this.step]; }
  get undoable() { return this.step > 0; }
  get redoable() { return this.step + 1 < this.states.length; }

  add(strokes) { this.states.splice(++this.step, Infinity, strokes); }
  undo() { this.step -= 1; }
  redo() { this.step += 1; }
}

function distance([x, y], [otherX, otherY]) { return Math.hypot(x - otherX, y - otherY); }

function emptied(canvas, width, height) {
  [canvas.width, canvas.height] = [Math.round(width), Math.round(height)]; // which also resets the pen
  return canvas.getContext("2d");
}
