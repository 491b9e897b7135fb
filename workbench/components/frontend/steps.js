// A page that is gone through step by step: each step begins at its top, and the arrow keys lead to the next and back. A
// picture that is magnified, or in which a place is chosen, has a use for them itself.

const OWN_KEYS =
  "input, textarea, select, [role=slider], [role=radiogroup], [role=tablist], [role=listbox], [contenteditable]";
// In these the keys of a presenter write or choose; a slider that was moved must not keep them from the next step.
const WRITTEN = "textarea, [contenteditable], input:is([type=text], [type=number], [type=search])";
const OPEN = "[role=listbox], [role=dialog], [role=menu]";

export default function ({ data, setTriggerValue }) {
  const steps = (window.crrSteps ??= new Steps());
  steps.go = (by) => setTriggerValue("go", by);
  steps.presents = data.presents;
  steps.show(data.step);
  return () => {
    steps.go = null; // the visitor is on another page
    steps.step = null;
  };
}

class Steps {
  constructor() {
    this.step = null;
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("keydown", (event) => this.presenterKey(event), true); // before what has the focus
  }

  show(step) {
    if (this.step !== null && this.step !== step) {
      document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
      const heading = document.querySelector("[data-testid=stMain] h1");
      if (heading) {
        heading.tabIndex = -1;
        heading.focus({ preventScroll: true }); // so that a screen reader begins there
      }
    }
    this.step = step;
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && !event.defaultPrevented && !within(event, OWN_KEYS)) this.lead(event, by);
  }

  // What a presenter in the hand sends; without a presentation these keys scroll.
  presenterKey(event) {
    const by = this.presents && { PageUp: -1, PageDown: 1, Escape: "end" }[event.key];
    if (by && !within(event, WRITTEN) && !document.querySelector(OPEN)) this.lead(event, by);
  }

  lead(event, by) {
    if (!this.go || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.go(by);
  }
}

// Components lie in roots of their own, where the event's target is the root's host.
function within(event, places) {
  return event.composedPath().some((place) => place.matches?.(places));
}
