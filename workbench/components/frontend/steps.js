// A page that is gone through step by step: each step begins at its top, and the arrow keys lead to the next and back. A
// picture that is magnified, or in which a place is chosen, has a use for them itself.

const OWN_KEYS =
  "input, textarea, select, [role=slider], [role=radiogroup], [role=tablist], [role=listbox], [contenteditable]";

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
    // What a presenter in the hand sends; without a presentation these keys scroll.
    const presenting = this.presents ? { PageUp: -1, PageDown: 1, Escape: "end" } : {};
    const by = { ArrowLeft: -1, ArrowRight: 1, ...presenting }[event.key];
    const modified = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    // Components lie in roots of their own, where the event's target is the root's host.
    const taken = event.defaultPrevented || event.composedPath().some((place) => place.matches?.(OWN_KEYS));
    if (!by || !this.go || modified || taken) return;
    event.preventDefault();
    this.go(by);
  }
}
