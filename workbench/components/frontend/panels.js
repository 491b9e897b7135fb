// All pictures of one photo on the page: they zoom and move together, and pointing at a place in one marks it in all.
// Where places can be chosen (`pick`), a click, a drag or the arrow keys choose one, and Python hears of it.

const shared = { digest: "", scale: 1, x: 0.5, y: 0.5, cut: 0.5, point: null, spot: null }; // what every picture has in common
const boards = new Map(); // parent to board

export default function ({ data, parentElement, setTriggerValue }) {
  let board = boards.get(parentElement);
  if (!board) boards.set(parentElement, (board = new Board(parentElement)));
  board.tell = setTriggerValue;
  board.show(data);
  return () => {
    board.stop();
    boards.delete(parentElement);
  };
}

function drawAll() {
  for (const board of boards.values()) board.draw();
}

class Board {
  constructor(parent) {
    this.list = parent.querySelector(".panels");
    this.readout = parent.querySelector(".readout");
    if (matchMedia("(hover: none)").matches) this.readout.textContent = "Tap a place to read all models there.";
    this.hint = this.readout.textContent;
    this.photo = new Image();
    this.photo.onload = () => this.draw();
    this.panels = [];
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.list);
    for (const button of parent.querySelectorAll("button")) button.onclick = () => this.first?.change((viewport) => viewport[button.name]());
  }

  get first() { return this.panels.find((panel) => panel.viewport); }

  show(data) {
    if (shared.digest !== data.digest) Object.assign(shared, { digest: data.digest, scale: 1, x: 0.5, y: 0.5, point: null, spot: null, told: undefined }); // of another photo
    if (data.pick && shared.told !== String(data.spot)) [shared.spot, shared.told] = [data.spot, String(data.spot)]; // older news of a spot never undoes a click
    this.data = data;
    this.list.nextElementSibling.hidden = data.foot === false;
    this.maps = new Map(data.maps.map((map) => [map.name, new HeatMap(map, data.one)]));
    this.panels = data.panels.map((panel) => new Panel(this, panel));
    this.list.classList.toggle("row", data.foot === false);
    this.list.classList.toggle("pair", data.panels.some((panel) => panel.right));
    this.list.replaceChildren(...this.panels.map((panel) => panel.figure));
    if (data.photo && this.photo.src !== data.photo) this.photo.src = data.photo; // draws when it is decoded
    else this.draw();
  }

  stop() { this.observer.disconnect(); }

  draw() {
    if (!this.data || this.data.digest !== shared.digest) return; // the other board has the next photo already
    for (const panel of this.panels) panel.draw();
    this.readout.textContent = this.sentence();
  }

  point(place) {
    shared.point = place;
    drawAll();
  }

  level(name) {
    const [height, width] = this.data.size;
    return this.maps.get(name).at(shared.point.x / width, shared.point.y / height);
  }

  words(name) {
    const [height, width] = this.data.size;
    return this.maps.get(name).words(shared.point.x / width, shared.point.y / height);
  }

  mark(spot) {
    shared.spot = spot;
    drawAll();
  }

  choose(spot) {
    const [height, width] = this.data.size;
    const inside = spot[2] >= 0 && spot[3] >= 0 && spot[0] < width && spot[1] < height;
    this.mark(inside ? spot : this.data.spot); // Python says what is wrong with a place outside
    this.tell("spot", spot);
  }

  sentence() {
    if (!shared.point) return this.hint;
    const values = [...this.maps.keys()].filter((name) => this.maps.get(name).levels).map((name) => `${this.maps.get(name).label} ${this.level(name).toFixed(2)}`);
    return `x ${Math.floor(shared.point.x)}, y ${Math.floor(shared.point.y)}: ${values.join(" · ")}`;
  }
}
