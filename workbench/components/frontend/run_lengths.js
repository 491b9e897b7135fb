// COCO's compressed run lengths as a picture of what is marked: column by column, five bits a letter.
// review_canvas.js uses this; assets.py joins it to that script.

function runLengths(counts) {
  const runs = [];
  for (let place = 0; place < counts.length;) {
    let [value, shift, letter] = [0, 0, 0];
    do {
      letter = counts.charCodeAt(place++) - 48;
      value += (letter & 0x1f) * 2 ** shift; // more than 32 bits may come
      shift += 5;
    } while (letter & 0x20);
    if (letter & 0x10) value -= 2 ** shift;
    runs.push(runs.length > 2 ? value + runs.at(-2) : value);
  }
  return runs;
}

// The marked pixels in a colour, as small a canvas as holds them: [canvas, left, top]; null if none are.
function markedPixels(counts, height, [red, green, blue]) {
  const pieces = []; // [column, first row, row after the last]
  let [place, left, right, top, bottom] = [0, Infinity, -1, Infinity, -1];
  runLengths(counts).forEach((length, number) => {
    for (let rest = number % 2 ? length : 0, from = place; rest > 0;) {
      const [column, row] = [Math.floor(from / height), from % height];
      const piece = Math.min(rest, height - row);
      pieces.push([column, row, row + piece]);
      [left, right] = [Math.min(left, column), Math.max(right, column)];
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row + piece)];
      from += piece;
      rest -= piece;
    }
    place += length;
  });
  if (right < 0) return null;
  const picture = new ImageData(right - left + 1, bottom - top);
  const pixels = new Uint32Array(picture.data.buffer);
  const colour = (255 << 24) | (blue << 16) | (green << 8) | red;
  for (const [column, from, to] of pieces) {
    for (let row = from; row < to; row += 1) pixels[(row - top) * picture.width + column - left] = colour;
  }
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return [canvas, left, top];
}
