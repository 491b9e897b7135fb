// Which part of a picture a canvas shows: places in CSS pixels of the canvas, and in pixels of the picture. A canvas may
// show the picture several times, in panels side by side. All components use this; assets.py joins it to their scripts.

class Viewport {
  constructor(canvas) {
    this.canvas = canvas;
    this.panels = 1;
    this.whole();
  }

  whole() { this.scale = 1; this.x = 0.5; this.y = 0.5; } // magnification, and the place in the middle as a share of the picture
  closer() { this.zoom(1.5); }
  further() { this.zoom(1 / 1.5); }

  fit(height, width) {
    [this.height, this.width] = [height, width];
    this.whole();
  }

  get across() { return this.canvas.clientWidth / this.panels; }

  get unit() { // CSS pixels a pixel
    return Math.min(this.across / this.width, this.canvas.clientHeight / this.height) * this.scale;
  }

  get left() { return this.across / 2 - this.x * this.width * this.unit; } // inside a panel
  get top() { return this.canvas.clientHeight / 2 - this.y * this.height * this.unit; }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const across = event.clientX - box.left;
    const panel = Math.min(this.panels - 1, Math.max(0, Math.floor(across / this.across))); // beyond an edge it is the last one
    return [(across - panel * this.across - this.left) / this.unit, (event.clientY - box.top - this.top) / this.unit];
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

  // Turns of the wheel magnify with Ctrl, which is also how a pinch on a touchpad arrives, or once something is magnified;
  // else a page is scrolled past a whole picture. Returns whether they were for the picture.
  wheel(event, atOnce = false) {
    if (!atOnce && !event.ctrlKey && !event.metaKey && this.scale === 1) return false;
    event.preventDefault();
    const isPinch = event.ctrlKey && Math.abs(event.deltaY) < 40;
    this.zoomAt(event, Math.exp(-event.deltaY / (isPinch ? 100 : 400)));
    return true;
  }

  shift(across, down) {
    this.x -= across / this.unit / this.width;
    this.y -= down / this.unit / this.height;
    this.keepInside();
  }

  // One finger moves the picture, two move and magnify it.
  drag(before, event, fingers) {
    const [across, down] = [event.clientX - before.clientX, event.clientY - before.clientY];
    const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
    if (!other) return this.shift(across, down);
    const middle = { clientX: (before.clientX + other.clientX) / 2, clientY: (before.clientY + other.clientY) / 2 };
    const away = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
    this.zoomAt(middle, away(event) / Math.max(1, away(before))); // first: a whole picture has no room to move
    this.shift(across / 2, down / 2); // as far as the middle between the two fingers
  }

  // What a key means here, if it means something.
  act(key) {
    const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    const acts = { "+": () => this.closer(), "=": () => this.closer(), "-": () => this.further(), 0: () => this.whole() }; // "=" is "+" without shift
    return acts[key] ?? (this.scale > 1 && steps[key] ? () => this.shift(...steps[key]) : null);
  }

  keepInside() {
    const margin = 0.5 / this.scale;
    this.x = Math.min(1 - margin, Math.max(margin, this.x));
    this.y = Math.min(1 - margin, Math.max(margin, this.y));
  }
}
