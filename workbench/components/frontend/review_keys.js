// Which key does what while somebody reviews, and how the list of keys says so.
// review.js uses this; assets.py joins it to that script.

const KEYS = [
  ["G", "good", "this part is good"],
  ["D", "defective", "this part is defective"],
  ["U", "unsure", "unsure"],
  ["Enter", "save", "save, and on to the next image; closes an open polygon"],
  ["J", "next", "next image, without saving"],
  ["K", "previous", "previous image"],
  ["S", "skip", "put this image off"],
  ["A", "accept", "take what the model marks"],
  ["B", "brush", "brush"],
  ["E", "eraser", "eraser"],
  ["L", "line", "line"],
  ["R", "rectangle", "rectangle"],
  ["P", "polygon", "polygon: corners can be moved until Enter closes it"],
  ["F", "fill", "fill what a region encloses"],
  ["W", "snap", "take the region of the map around a click; Shift with the wheel grows or shrinks it"],
  ["[ ]", "size", "width of brush, line and eraser"],
  ["X", "region", "begin another region"],
  ["C", "class", "next class of the region"],
  ["Delete", "remove", "remove the region"],
  ["Ctrl+Z, Ctrl+Y", "undo", "undo, redo"],
  ["M", "map", "map on or off"],
  ["V", "regions", "regions on or off"],
  ["O", "opacity", "opacity of the map"],
  ["N", "note", "write a note; Esc comes back"],
  ["T", "model", "the next model's map"],
  ["1 to 9", "tags", "why the model failed"],
  ["+ - 0, arrows, space", "view", "closer, further, whole, move"],
  ["?", "help", "this list"],
];

function helpRows() {
  return KEYS.map(([key, , what]) => {
    const row = document.createElement("div");
    const shown = document.createElement("kbd");
    shown.textContent = key;
    row.append(shown, ` ${what}`);
    return row;
  });
}

function reviewKeys(review) {
  const { canvas } = review;
  const acts = review.acts();
  const keys = {
    ...canvas.toolKeys(),
    g: () => acts.judge("good"),
    d: () => acts.judge("defective"),
    u: () => acts.judge("unsure"),
    Enter: () => (canvas.stroke?.tool === "polygon" ? canvas.finish() : review.save()),
    j: acts.next,
    k: acts.previous,
    s: acts.skip,
    a: acts.accept,
    f: () => canvas.choose("fill"),
    w: () => canvas.choose("snap"),
    x: acts.region,
    c: () => nextClass(review),
    Delete: acts.remove,
    m: () => acts.layer("map"),
    v: () => acts.layer("regions"),
    o: () => { canvas.opacity = canvas.opacity >= 1 ? 0.25 : canvas.opacity + 0.25; },
    n: () => review.root.querySelector(".note-text").focus(),
    t: acts.model,
    "?": acts.help,
    " ": () => { canvas.gestures.space = true; },
    Escape: () => canvas.cancel(),
  };
  for (let number = 1; number <= 9; number += 1) keys[number] = () => review.toggleTag(review.data.scheme.tags[number - 1]);
  return keys;
}

function nextClass(review) {
  const { region } = review.canvas;
  const { classes } = review.data.scheme;
  if (region) review.canvas.replace({ ...region, category: classes[(classes.indexOf(region.category) + 1) % classes.length] });
}
