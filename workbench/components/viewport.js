// Which part of a picture a canvas shows: places in CSS pixels of the canvas, and in pixels of the picture.
// canvas.js uses this; canvas.py joins the files to the one script that Streamlit takes.

class Viewport {
  constructor(canvas) {
    this.canvas = canvas;
    this.reset();
  }

  reset() { this.scale = 1; this.x = 0.5; this.y = 0.5; } // magnification, and the place in the middle as a share of the picture

  fit(height, width) {
    [this.height, this.width] = [height, width];
    this.reset();
  }

  get unit() { // CSS pixels a pixel
    return Math.min(this.canvas.clientWidth / this.width, this.canvas.clientHeight / this.height) * this.scale;
  }

  get left() { return this.canvas.clientWidth / 2 - this.x * this.width * this.unit; }
  get top() { return this.canvas.clientHeight / 2 - this.y * this.height * this.unit; }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left - this.left) / this.unit, (event.clientY - box.top - this.top) / this.unit];
  }

  zoom(factor) {
    this.scale = Math.min(40, Math.max(1, this.scale * factor));
    this.keepInside();
  }

  zoomAt(event, factor) { // what lies under the pointer stays there
    const before = this.place(event);
    this.scale = Math.min(40, Math.max(1, this.scale * factor));
    const after = this.place(event);
    this.x += (before[0] - after[0]) / this.width;
    this.y += (before[1] - after[1]) / this.height;
    this.keepInside();
  }

  shift(across, down) {
    this.x -= across / this.unit / this.width;
    this.y -= down / this.unit / this.height;
    this.keepInside();
  }

  keepInside() {
    const margin = 0.5 / this.scale;
    this.x = Math.min(1 - margin, Math.max(margin, this.x));
    this.y = Math.min(1 - margin, Math.max(margin, this.y));
  }
}
