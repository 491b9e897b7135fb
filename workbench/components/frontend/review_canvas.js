// The picture under review: the photo with crisp pixels, the map over it, and regions that are drawn on.
// review.js uses this; assets.py joins it to that script.

const REGION_OPACITY = 0.45;
const COLOURS = ["#ff2d95", "#00b7ff", "#ffd60a", "#7cff4f", "#ff8c1a", "#b388ff"]; // of classes, in turn
const CRISP = 2; // CSS pixels a pixel from which on pixels are squares

class ReviewCanvas extends Sketch {
  constructor(root, changed, clicked) {
    super(root);
    Object.assign(this, { changed, clicked }); // told of each finished change; of a click that the server answers
    this.zoomsAtOnce = true; // a desk to work at: nobody scrolls past it
    this.layers = { photo: true, map: true, regions: true };
    this.opacity = 0.5;
    this.locked = false; // what is drawn now would be lost
  }

  // An image, and what is drawn on it.

  open({ height, width }, classes, limits) {
    Object.assign(this, { height, width, classes, limits, photo: null, map: null, selected: 0 });
    this.viewport.fit(height, width);
    this.canvas.parentElement.style.aspectRatio = `${width} / ${height}`;
    this.slider.max = Math.max(8, Math.ceil(Math.min(height, width) / 4));
    this.resize(Math.min(height, width) / 48);
    this.stroke = null;
    this.begun([]);
  }

  begun(regions) {
    this.states = [regions];
    this.step = 0;
    this.selected = Math.min(this.selected, Math.max(0, regions.length - 1));
    this.repaint();
  }

  get regions() { return this.states[this.step]; }
  get region() { return this.regions[this.selected]; }
  get colour() { return this.colourOf(this.region?.category ?? this.classes[0]); }
  get undoable() { return this.step > 0 || this.stroke !== null; }
  get redoable() { return this.step + 1 < this.states.length; }

  colourOf(category) { return COLOURS[Math.max(0, this.classes.indexOf(category)) % COLOURS.length]; }

  // Changes, each of which can be undone.

  put(regions, selected = this.selected) {
    this.states.splice(++this.step, Infinity, regions);
    this.selected = Math.max(0, Math.min(selected, regions.length - 1));
    this.repaint();
    this.changed();
  }

  replace(region) { this.put(this.regions.length ? this.regions.with(this.selected, region) : [region]); }

  append(...regions) { this.put([...this.regions, ...regions], this.regions.length); }

  remove() {
    this.cancel();
    if (this.region) this.put(this.regions.filter((_, number) => number !== this.selected));
  }

  select(number) {
    this.cancel();
    this.selected = number;
    this.repaint();
  }

  undo() {
    if (this.takeCornerBack()) return;
    if (this.stroke || !this.step) return;
    this.step -= 1;
    this.restored();
  }

  redo() {
    if (this.stroke || !this.redoable) return;
    this.step += 1;
    this.restored();
  }

  restored() {
    this.selected = Math.max(0, Math.min(this.selected, this.regions.length - 1));
    this.repaint();
    this.changed();
  }

  // What a sketch is made into.

  hasRoom() {
    if (this.locked) return false;
    const strokes = this.region?.strokes ?? [];
    const points = strokes.reduce((sum, stroke) => sum + stroke.points.length, this.stroke?.points.length ?? 0);
    return strokes.length < this.limits.strokes && points + 1 < this.limits.points;
  }

  begin(event) {
    if (this.tool === "snap" || this.tool === "fill") return;
    super.begin(event);
  }

  end(event) {
    if (this.tool === "snap" || this.tool === "fill") return this.clicked(this.tool, this.point(event));
    super.end(event);
  }

  paintPiece() {
    this.layer.extend(this.stroke);
    this.plan();
  }

  add(stroke) {
    if (!this.region && stroke.tool === "eraser") return this.repaint();
    const region = this.region ?? { category: this.classes[0], counts: null, strokes: [] };
    const drawn = { ...region, strokes: [...region.strokes, stroke] };
    const regions = this.region ? this.regions.with(this.selected, drawn) : [drawn];
    this.states.splice(++this.step, Infinity, regions);
    if (FREEHAND.includes(stroke.tool)) this.layer.rimmed = null; // its pieces are there
    else this.layer.paint(stroke);
    this.plan();
    this.changed();
  }

  cancel() {
    super.cancel();
    if (this.states) this.repaint();
  }

  // What is seen.

  setMap(levels, colours) {
    if (!levels) this.map = null;
    else {
      const [rows, columns] = levels.grid;
      const picture = new ImageData(columns, rows);
      new Uint16Array(bytes(levels.values).buffer).forEach((level, place) => {
        const colour = 4 * Math.min(255, Math.round((level * 255) / levels.one));
        picture.data.set(colours.subarray(colour, colour + 4), 4 * place);
      });
      this.map = new OffscreenCanvas(columns, rows);
      this.map.getContext("2d").putImageData(picture, 0, 0);
    }
    this.plan();
  }

  repaint() {
    const size = [this.height, this.width];
    this.others = new Layer(size, "black");
    this.regions.forEach((region, number) => { if (number !== this.selected) this.paintRegion(this.others, region); });
    this.layer = new Layer(size, this.colour);
    if (this.region) this.paintRegion(this.layer, this.region);
    this.plan();
  }

  paintRegion(layer, { category, counts, strokes }) {
    const colour = this.colourOf(category);
    const own = layer === this.layer ? layer : new Layer([this.height, this.width], colour); // an eraser takes from its region alone
    const marked = counts && markedPixels(counts, this.height, rgb(colour));
    if (marked) own.pen.drawImage(...marked);
    for (const stroke of strokes) own.paint(stroke);
    if (own !== layer) layer.pen.drawImage(own.canvas, 0, 0, this.width, this.height);
  }

  plan() { this.planned ||= requestAnimationFrame(() => { this.planned = null; this.draw(); }); }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!across || !down || !this.states) return;
    const pen = emptied(this.canvas, across * ratio, down * ratio);
    pen.scale(ratio, ratio);
    const { left, top, unit } = this.viewport;
    const area = [left, top, this.width * unit, this.height * unit];
    pen.imageSmoothingEnabled = unit < CRISP;
    if (this.photo && this.layers.photo) pen.drawImage(this.photo, ...area);
    if (this.map && this.layers.map) {
      pen.imageSmoothingEnabled = true; // its own grid is coarser
      pen.globalAlpha = this.opacity;
      pen.drawImage(this.map, ...area);
      pen.imageSmoothingEnabled = unit < CRISP;
    }
    pen.globalAlpha = REGION_OPACITY;
    if (this.layers.regions) {
      pen.drawImage(this.others.canvas, ...area);
      pen.drawImage(this.layer.canvas, ...area);
      pen.globalAlpha = 1;
      this.layer.drawRim(pen, area);
      pen.globalAlpha = REGION_OPACITY;
    }
    if (this.stroke && !FREEHAND.includes(this.stroke.tool)) this.drawBegun(pen);
    this.canvas.classList.toggle("moving", this.gestures.moving);
  }
}

function rgb(colour) { return [1, 3, 5].map((from) => Number.parseInt(colour.slice(from, from + 2), 16)); }

function bytes(text) { return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)); }
