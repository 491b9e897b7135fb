// What pointers on a canvas mean: one paints; two, the middle button, or any button while the space bar is held move the view.
// canvas.js uses this; assets.py joins it to that script.

class Gestures {
  constructor(canvas, viewport, painter) {
    [this.canvas, this.viewport, this.painter] = [canvas, viewport, painter];
    this.fingers = new Map(); // the newest event of each pointer that is down
    this.doing = null; // "paint" or "move" while one is down
    this.space = false;
    const on = (name, act) => canvas.addEventListener(name, act, { passive: false });
    on("wheel", (event) => this.wheel(event));
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.lift(event, () => painter.end(event)));
    on("lostpointercapture", (event) => this.lift(event, () => painter.interrupt())); // it left in another way
    on("pointerleave", () => painter.leave());
    on("mousedown", (event) => { if (event.button === 1) event.preventDefault(); }); // no scrolling by the middle button
    on("contextmenu", (event) => event.preventDefault()); // a long touch is a stroke
    on("blur", () => { this.space = false; });
    on("keyup", (event) => { if (event.key === " ") this.space = false; });
  }

  get moving() { return this.doing === "move" || this.space; }

  wheel(event) {
    if (this.painter.wheel?.(event)) return event.preventDefault();
    if (!this.viewport.wheel(event, this.painter.zoomsAtOnce)) return;
    this.painter.hover(event);
    this.painter.plan();
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
    if (this.fingers.size > 1) {
      if (this.doing === "paint") this.painter.interrupt(); // the first of two fingers meant no stroke
      this.doing = "move";
    } else if (event.button === 1 || (event.button === 0 && this.space)) {
      this.doing = "move";
    } else if (event.button === 0) {
      this.doing = "paint";
      this.painter.begin(event);
    }
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (before && this.doing === "move") {
      this.viewport.drag(before, event, this.fingers);
      this.painter.plan();
    }
    if (before && this.doing === "paint") for (const each of coalesced(event)) this.painter.extend(each);
    if (before) this.fingers.set(event.pointerId, event);
    this.painter.hover(event);
  }

  lift(event, end) {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.doing === "paint") end();
    if (!this.fingers.size) this.doing = null; // not before: the last finger of a pinch paints nothing
    this.painter.plan();
  }
}

// All places that a pointer passed since the last event; a browser that does not tell has none.
function coalesced(event) {
  const events = event.getCoalescedEvents?.() ?? [];
  return events.length ? events : [event];
}
