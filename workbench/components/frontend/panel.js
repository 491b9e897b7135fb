// One picture of a comparison: layers of photo and maps, perhaps others beyond a slider, and what is said of it.
// panels.js uses this; assets.py joins it to that script.

class HeatMap {
  constructor(map, one) {
    [this.rows, this.columns] = map.grid;
    Object.assign(this, { one, label: map.label ?? map.name, opacity: map.opacity, crisp: Boolean(map.crisp), blank: map.blank, area: map.area ?? [0, 0, 1, 1] });
    const picture = new ImageData(this.columns, this.rows);
    if (map.rgb) this.paintColours(picture, bytes(map.rgb));
    else this.paintLevels(picture, map);
    if (map.usual) this.usual = new Uint16Array(bytes(map.usual).buffer); // values of normal patches, ascending
    this.canvas = new OffscreenCanvas(this.columns, this.rows);
    this.canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  paintColours(picture, colours) {
    picture.data.fill(255);
    for (let place = 0; place < this.rows * this.columns; place += 1) picture.data.set(colours.subarray(3 * place, 3 * place + 3), 4 * place);
  }

  paintLevels(picture, map) {
    this.levels = new (map.signed ? Int16Array : Uint16Array)(bytes(map.levels).buffer);
    const colours = bytes(map.colours);
    this.levels.forEach((level, place) => {
      const share = map.signed ? (level / map.top + 1) / 2 : level / map.top;
      const colour = 4 * Math.min(255, Math.max(0, Math.round(share * 255)));
      picture.data.set(colours.subarray(colour, colour + 4), 4 * place);
    });
  }

  at(across, down) { // shares of the photo's width and height; nothing where the map does not cover it
    const [left, top, right, bottom] = this.area;
    const [x, y] = [(across - left) / (right - left), (down - top) / (bottom - top)];
    if (x < 0 || y < 0 || x >= 1 || y >= 1) return NaN;
    return this.levels[Math.floor(y * this.rows) * this.columns + Math.floor(x * this.columns)] / this.one;
  }

  words(across, down) {
    const level = this.at(across, down);
    if (Number.isNaN(level)) return "not seen by the model";
    if (this.blank && level === 0) return this.blank;
    if (!this.usual) return level.toFixed(2);
    const below = this.usual.filter((value) => value < level * this.one).length;
    const share = 100 * below / this.usual.length;
    const words = below === this.usual.length ? "all" : share >= 99.95 ? "over 99.9 % of" : `${share.toFixed(1)} % of`;
    return `${level.toFixed(2)}, above ${words} normal patches`;
  }
}

class Panel {
  constructor(board, panel) {
    [this.board, this.panel] = [board, panel];
    this.figure = element("figure");
    if (panel.failure) this.figure.append(element("div", "failure", panel.failure));
    else this.addPicture();
    const caption = element("figcaption");
    caption.append(element("b", "", panel.title));
    if (panel.verdict) caption.append(element("div", `verdict ${panel.verdict.replaceAll(" ", "-")}`, panel.verdict));
    for (const line of panel.lines) caption.append(element("div", "line", line));
    this.figure.append(caption);
  }

  addPicture() {
    const frame = element("div", "picture");
    this.canvas = element("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", [this.panel.title, this.panel.verdict, ...this.panel.lines].filter(Boolean).join(", "));
    this.value = element("div", "value");
    this.value.hidden = true;
    frame.append(this.canvas, this.value);
    this.figure.append(frame);
    const [height, width] = this.board.data.size;
    this.canvas.style.aspectRatio = `${width} / ${height}`;
    this.viewport = new Viewport(this.canvas);
    this.viewport.fit(height, width);
    this.fingers = new Map();
    if (this.panel.right) this.addSlider();
    const on = (name, act) => this.canvas.addEventListener(name, act, { passive: false });
    on("wheel", (event) => { if (this.viewport.wheel(event)) this.change(() => {}); });
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", (event) => { this.forget(event); this.board.mark(this.board.data.spot); });
    on("pointerleave", () => this.board.point(null));
    on("dblclick", () => this.change((viewport) => viewport.whole()));
    on("keydown", (event) => this.key(event));
  }

  addSlider() {
    this.slider = element("input");
    Object.assign(this.slider, { type: "range", min: 0, max: 100, step: 1, value: 100 * shared.cut });
    this.slider.setAttribute("aria-label", `Slider between ${this.panel.title.replace(" | ", " and ")}`);
    this.slider.oninput = () => this.cut(this.slider.value / 100);
    this.figure.append(this.slider);
  }

  cut(share) {
    shared.cut = Math.min(1, Math.max(0, share));
    this.slider.value = 100 * shared.cut;
    this.draw();
  }

  change(act) { // all pictures of the photo follow
    act(this.viewport);
    const { scale, x, y } = this.viewport;
    Object.assign(shared, { scale, x, y });
    drawAll();
  }

  press(event) {
    this.fingers.set(event.pointerId, event);
    this.start = this.fingers.size === 1 ? event : null; // two fingers choose nothing
    this.canvas.setPointerCapture(event.pointerId);
    const away = Math.abs(event.offsetX - shared.cut * this.canvas.clientWidth);
    this.cutting = Boolean(this.slider) && this.fingers.size === 1 && (away < 16 || this.viewport.scale === 1); // a whole picture cannot be moved
    if (this.cutting) this.cut(event.offsetX / this.canvas.clientWidth);
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return this.read(event);
    if (this.cutting && this.fingers.size === 1) this.cut(event.offsetX / this.canvas.clientWidth);
    else if (this.board.data.pick === "area" && this.start) this.board.mark(this.area(event));
    else this.change((viewport) => viewport.drag(before, event, this.fingers));
    this.fingers.set(event.pointerId, event);
  }

  forget(event) {
    this.fingers.delete(event.pointerId);
    this.cutting = false;
    this.start = null;
  }

  release(event) { // a click chooses a place, a drag an area where areas are asked for
    const { start } = this;
    this.forget(event);
    if (!this.board.data.pick || !start) return;
    const still = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < 4;
    if (!still && this.board.data.pick !== "area") return;
    const [x, y] = this.viewport.place(event);
    this.board.choose(still ? [x, y, x, y] : this.area(event, start));
  }

  area(event, start = this.start) {
    const [x, y] = this.viewport.place(event);
    const [fromX, fromY] = this.viewport.place(start);
    return [Math.min(x, fromX), Math.min(y, fromY), Math.max(x, fromX), Math.max(y, fromY)];
  }

  cell() { // width and height of a patch of what is shown and where the first begins, in pixels of the photo
    const map = this.panel.layers.map((layer) => this.board.maps.get(layer)).find(Boolean);
    const [height, width] = this.board.data.size;
    if (!map) return [width / 32, height / 32, 0, 0];
    const [left, top, right, bottom] = map.area;
    return [width * (right - left) / map.columns, height * (bottom - top) / map.rows, width * left, height * top];
  }

  step(key) { // the chosen place, a patch further
    const across = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0;
    const down = { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0;
    if (!this.board.data.pick || this.viewport.scale > 1 || (!across && !down && key !== "Enter")) return false;
    const [height, width] = this.board.data.size;
    const [x, y] = shared.spot ? [(shared.spot[0] + shared.spot[2]) / 2, (shared.spot[1] + shared.spot[3]) / 2] : [width / 2, height / 2];
    const [right, below] = this.cell();
    const place = [Math.min(width - 1, Math.max(0, x + across * right)), Math.min(height - 1, Math.max(0, y + down * below))];
    this.board.choose([...place, ...place]);
    return true;
  }

  read(event) {
    const [x, y] = this.viewport.place(event);
    const [height, width] = this.board.data.size;
    this.board.point(x >= 0 && y >= 0 && x < width && y < height ? { x, y } : null);
  }

  key(event) {
    if (this.step(event.key)) return event.preventDefault();
    const act = this.viewport.act(event.key);
    if (!act) return;
    this.change(act);
    event.preventDefault();
  }

  draw() {
    if (!this.canvas) return;
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!across || !down) return;
    [this.canvas.width, this.canvas.height] = [across * ratio, down * ratio];
    Object.assign(this.viewport, { scale: shared.scale, x: shared.x, y: shared.y });
    this.canvas.style.touchAction = shared.scale > 1 || this.board.data.pick === "area" ? "none" : "pan-y"; // a page can be scrolled past a whole picture
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const edge = this.slider ? shared.cut * across : across;
    this.drawLayers(pen, this.panel.layers, 0, edge);
    if (this.slider) {
      this.drawLayers(pen, this.panel.right, edge, across);
      this.drawEdge(pen, edge, down);
    }
    this.drawOutlines(pen);
    this.drawSpot(pen, across, down);
    this.drawPoint(pen);
  }

  drawSpot(pen, across, down) { // a cross-hair around the patch that was chosen
    if (!shared.spot || !this.board.data.pick) return;
    const { left, top, unit } = this.viewport;
    const [width, height, fromX, fromY] = this.cell();
    const [x0, y0, x1, y1] = shared.spot;
    const edge = (place, from, side, next) => from + Math.floor((place - from) / side + next) * side;
    const box = [edge(x0, fromX, width, 0), edge(y0, fromY, height, 0), edge(x1, fromX, width, 1), edge(y1, fromY, height, 1)];
    const [a, b, c, d] = [left + box[0] * unit, top + box[1] * unit, left + box[2] * unit, top + box[3] * unit];
    for (const [colour, thickness] of [["rgba(0,0,0,0.6)", 3], ["white", 1.5]]) { // shows on any part
      pen.strokeStyle = colour;
      pen.lineWidth = thickness;
      pen.strokeRect(a, b, c - a, d - b);
      pen.beginPath();
      for (const line of [[0, (b + d) / 2, a, (b + d) / 2], [c, (b + d) / 2, across, (b + d) / 2], [(a + c) / 2, 0, (a + c) / 2, b], [(a + c) / 2, d, (a + c) / 2, down]]) {
        pen.moveTo(line[0], line[1]);
        pen.lineTo(line[2], line[3]);
      }
      pen.stroke();
    }
  }

  drawOutlines(pen) { // of the visitor's damage, so that each map shows how well it meets it
    const { left, top, unit } = this.viewport;
    pen.lineJoin = "round";
    pen.beginPath();
    for (const curve of this.board.data.outlines) {
      pen.moveTo(left + curve[0] * unit, top + curve[1] * unit);
      for (let place = 2; place < curve.length; place += 2) pen.lineTo(left + curve[place] * unit, top + curve[place + 1] * unit);
      pen.closePath();
    }
    for (const [colour, thickness] of [["rgba(0,0,0,0.5)", 2.5], ["white", 1]]) { // shows on any part
      pen.strokeStyle = colour;
      pen.lineWidth = thickness;
      pen.stroke();
    }
  }

  drawLayers(pen, layers, from, to) {
    const { left, top, unit, width, height } = this.viewport;
    const area = [left, top, width * unit, height * unit];
    pen.save();
    pen.beginPath();
    pen.rect(from, 0, to - from, this.canvas.clientHeight);
    pen.clip();
    for (const layer of layers) {
      const map = this.board.maps.get(layer);
      if (map) {
        pen.globalAlpha = map.opacity;
        pen.imageSmoothingEnabled = !map.crisp;
        const [from, above, to, below] = map.area;
        pen.drawImage(map.canvas, left + from * width * unit, top + above * height * unit, (to - from) * width * unit, (below - above) * height * unit);
        pen.imageSmoothingEnabled = true;
        pen.globalAlpha = 1;
      } else if (this.board.photo.naturalWidth) {
        pen.filter = layer === "#grey" ? "grayscale(1)" : "none"; // a browser that lacks it shows the colours
        pen.drawImage(this.board.photo, ...area);
        pen.filter = "none";
      }
    }
    pen.restore();
  }

  drawEdge(pen, edge, down) {
    pen.fillStyle = "white";
    pen.fillRect(edge - 1.5, 0, 3, down);
    pen.beginPath();
    pen.arc(edge, down / 2, 13, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = "#495057";
    for (const side of [-1, 1]) { // two arrows
      pen.beginPath();
      pen.moveTo(edge + side * 9, down / 2);
      pen.lineTo(edge + side * 3, down / 2 - 5);
      pen.lineTo(edge + side * 3, down / 2 + 5);
      pen.fill();
    }
  }

  drawPoint(pen) {
    const name = this.panel.layers.find((layer) => this.board.maps.get(layer)?.levels);
    this.value.hidden = !shared.point || !name || Boolean(this.slider);
    if (!shared.point) return;
    const { left, top, unit } = this.viewport;
    const [x, y] = [left + shared.point.x * unit, top + shared.point.y * unit];
    for (const [colour, thickness] of [["rgba(0,0,0,0.6)", 3], ["white", 1.5]]) { // shows on any part
      pen.strokeStyle = colour;
      pen.lineWidth = thickness;
      pen.beginPath();
      pen.arc(x, y, 6, 0, 2 * Math.PI);
      pen.stroke();
    }
    if (this.value.hidden) return;
    this.value.textContent = this.board.words(name);
    const room = this.canvas.clientWidth - this.value.offsetWidth;
    this.value.style.left = `${Math.min(room, Math.max(0, x - this.value.offsetWidth / 2))}px`;
    this.value.style.top = `${Math.max(0, y > this.canvas.clientHeight / 2 ? y - 34 : y + 12)}px`;
  }
}

function element(kind, name = "", text = "") {
  const made = document.createElement(kind);
  made.className = name;
  made.textContent = text;
  return made;
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
