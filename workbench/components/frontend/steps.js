// A page that is gone through step by step: each step begins at its top, and the arrow keys lead to the next and back.

const OWN_KEYS =
  "input, textarea, select, canvas, [role=slider], [role=radiogroup], [role=tablist], [role=listbox], [contenteditable]";

export default function ({ data, setTriggerValue }) {
  const steps = (window.crrSteps ??= new Steps());
  steps.go = (by) => setTriggerValue("go", by);
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
    const modified = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    // Components lie in roots of their own, where the event's target is the root's host.
    const taken = event.defaultPrevented || event.composedPath().some((place) => place.matches?.(OWN_KEYS));
    if (by && this.go && !modified && !taken) this.go(by);
  }
}
