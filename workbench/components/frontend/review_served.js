// Regions that the server marks: what a model's map says as a whole or around a click, and what an outline encloses.
// review.js uses this; assets.py joins it to that script.

class ServedRegions {
  constructor(review) {
    this.review = review;
    this.forget();
  }

  forget() { this.snapped = null; }

  async accept() {
    if (!this.review.answer) return this.review.complain("No model has an answer here.");
    await this.serve("mark", { model: this.review.answer.model, factor: 1 }, ({ parts, count }) => {
      if (!count) return this.review.complain("The model marks nothing here.");
      const [category] = this.review.data.scheme.classes;
      this.review.canvas.put(parts.map((counts) => ({ category, counts, strokes: [] })), 0);
      if (count > parts.length) this.review.complain(`The model marks ${count} regions: the ${parts.length} largest are taken.`);
    });
  }

  async clickedAt(tool, [x, y]) {
    if (tool === "fill") {
      if (!this.review.canvas.region) return this.review.complain("Draw an outline first: fill marks what it encloses.");
      const { category, counts, strokes } = this.review.canvas.region;
      return this.serve("fill", { region: { category, counts, strokes }, x, y }, (found) => this.review.canvas.replace({ category, counts: found.counts, strokes: [] }));
    }
    if (!this.review.answer) return this.review.complain("No model has an answer here.");
    this.snapped = { x, y, growth: 1, number: null };
    return this.snap();
  }

  // The wheel grows or shrinks what was taken, as long as nothing else was done since.
  async snap() {
    const { snapped } = this;
    if (!this.isStanding(snapped) || !this.review.answer) return;
    await this.serve("snap", { model: this.review.answer.model, x: snapped.x, y: snapped.y, growth: snapped.growth }, ({ counts }) => {
      if (!this.isStanding(snapped)) return;
      const region = { category: this.review.canvas.region?.category ?? this.review.data.scheme.classes[0], counts, strokes: [] };
      if (snapped.number === null) this.review.canvas.append(region);
      else this.review.canvas.put(this.review.canvas.regions.with(snapped.number, region), snapped.number);
      snapped.number = this.review.canvas.selected;
      snapped.regions = this.review.canvas.regions;
    });
  }

  isStanding(snapped) {
    return snapped !== null && snapped === this.snapped && (snapped.number === null || snapped.regions === this.review.canvas.regions);
  }

  grow(event) {
    if (!event.shiftKey || this.review.canvas.tool !== "snap" || !this.isStanding(this.snapped)) return false;
    const turned = event.deltaY || event.deltaX; // which of both it is with Shift, browsers do not agree on
    this.snapped.growth = Math.min(50, Math.max(0.02, this.snapped.growth * Math.exp(turned / 800)));
    clearTimeout(this.growing);
    this.growing = setTimeout(() => this.snap(), 60);
    return true;
  }

  async serve(what, message, take) {
    if (this.review.conflict.newer) return this.review.complain(UNSETTLED);
    const { item } = this.review.shown;
    try {
      const answer = await this.review.client.ask(what, { item, ...message });
      if (this.review.shown?.item !== item) return;
      this.review.complain("");
      take(answer);
    } catch (error) {
      this.review.complain(error.message);
    }
  }
}
