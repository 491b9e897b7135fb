// The page Annotate while somebody reviews: image after image, by keyboard and mouse, with everything kept at once.

const FOCUS_PAUSE = 400; // milliseconds
const MOST_PASSED = 5000;
const CAUSES_PAUSE = 700; // milliseconds after the last change
const UNSETTLED = "Say first which regions hold.";
const HEARTBEAT = 30_000; // milliseconds; the loan of an image ends after four of them

const reviews = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".review");
  if (!reviews.has(root)) reviews.set(root, new Review(root));
  reviews.get(root).show(data, setTriggerValue);
}

class Review {
  constructor(root) {
    this.root = root;
    this.client = new ReviewClient((state, why) => this.tell(state, why), () => this.setTriggerValue("ticket", Date.now()));
    this.canvas = new ReviewCanvas(root, () => this.changed(), (tool, point) => this.served.clickedAt(tool, point));
    this.served = new ServedRegions(this);
    this.canvas.wheel = (event) => this.served.grow(event);
    this.panel = new ReviewPanel(root, this.acts());
    this.conflict = new ReviewConflict(root);
    this.replaced = []; // where regions and words were replaced together, and come back together
    [this.status, this.problem, this.help, this.rest] = [".status", ".problem", "dialog", ".rest"].map((name) => root.querySelector(name));
    this.keys = reviewKeys(this);
    this.help.querySelector(".keys").append(...helpRows());
    root.addEventListener("keydown", (event) => this.key(event));
    this.beating = setInterval(() => this.beat(), HEARTBEAT);
    this.touched = 0; // when somebody last pressed something elsewhere on the page
    const touch = (event) => { if (!event.composedPath().includes(root)) this.touched = performance.now(); };
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, touch, true);
    addEventListener("pagehide", () => this.leave());
    root.getRootNode().host?.closest(".stElementContainer")?.style.setProperty("opacity", "1", "important"); // Streamlit fades what it computes
  }

  show(data, setTriggerValue) {
    const before = this.data;
    Object.assign(this, { data, setTriggerValue });
    this.client.connect(data);
    if (data.name) document.cookie = `crr_annotator=${encodeURIComponent(data.name)}; SameSite=Lax; path=/; max-age=31536000`; // asked for once
    this.colours ??= bytes(data.colours);
    if (before?.project !== data.project || JSON.stringify(before.scheme) !== JSON.stringify(data.scheme)) this.panel.open(data.scheme);
    if (before?.project !== data.project || JSON.stringify(before.wish) !== JSON.stringify(data.wish)) this.restart();
    else if (this.shown && JSON.stringify(before.models) !== JSON.stringify(data.models)) this.bringAnswers(this.shown.item);
  }

  restart() {
    Object.assign(this, { passed: [], visited: [], model: 0 });
    this.passedOver = new Set(); // of those that come no more: nothing was said of them
    this.next();
  }

  // Image after image.

  next() { return this.turn(() => this.client.insist("next", { ...this.data.wish, passed: this.passed.slice(-MOST_PASSED) })); }

  load(item) { return this.turn(() => this.client.insist("load", { item })); }

  // Another wish while an image is on its way takes its place.
  async turn(ask) {
    const turn = this.turning = Symbol("turn");
    this.leave();
    try {
      const shown = await ask();
      if (this.turning !== turn) return;
      this.turning = null;
      this.complain("");
      await this.open(shown);
    } catch (error) {
      if (this.turning === turn) this.turning = null;
      this.complain(error.message);
    }
  }

  async open(shown) {
    this.bringProgress();
    this.root.classList.toggle("empty", shown.item === null);
    this.shown = shown.item === null ? null : shown;
    this.conflict.close();
    this.served.forget();
    this.replaced = [];
    this.canvas.locked = false;
    this.unseen = "The image is not there yet, and nobody can judge what they did not see.";
    this.rest.hidden = Boolean(this.shown);
    if (!this.shown) return this.end();
    const { item, revision } = shown;
    if (this.visited.at(-1) !== item) this.visited.push(item);
    const local = this.client.recall(item);
    const draft = [shown.draft, local].filter(Boolean).sort((one, other) => other.clock - one.clock)[0];
    const drawn = draft?.drawn ?? revision?.drawn ?? { judgement: null, regions: [], tags: [], severity: null, note: "" };
    this.base = draft ? draft.base : revision?.id ?? null;
    this.drawn = { ...drawn };
    this.began = performance.now();
    this.canvas.open(shown, this.data.scheme.classes, this.data.limits);
    this.canvas.canvas.ariaBusy = "true"; // until the photo is there
    this.canvas.begun(drawn.regions);
    this.panel.showFacts(shown);
    this.panel.showHistory([]);
    this.answers = null; // on their way; those of the image before hold no more
    this.showAnswer();
    this.refresh();
    this.tell("saved");
    if (local && local === draft) this.client.keep(item, this.base, drawn);
    this.hold(shown.holder);
    if (draft && !shown.holder) this.say("What you drew before and did not save is here again.");
    this.takeFocus();
    await Promise.all([this.bringPicture(item), this.bringAnswers(item), this.bringHistory(item)]);
  }

  // No image is left; what was passed over may come again.
  end() {
    const waits = this.passedOver.size > 0;
    this.say(waits ? "Nothing else is left: what you passed over waits." : "Nothing is left of what is asked for. Choose another order or other images above.");
    const [again, previous] = this.rest.children;
    [again.hidden, previous.hidden] = [!waits, !this.visited.length];
    [again, previous].find((button) => !button.hidden)?.focus({ preventScroll: true });
  }

  // The keys belong to the image as soon as it is there, unless somebody is about to choose or to write something above.
  // A list in which an order was chosen takes the focus back a moment later.
  takeFocus(tries = 3) {
    const { activeElement } = document;
    if (activeElement?.getAttribute("aria-expanded") === "true" || activeElement?.matches("input:not([role=combobox]), textarea")) return;
    const isTouched = performance.now() - this.touched < FOCUS_PAUSE;
    if (!isTouched) this.root.querySelector(".frame canvas").focus({ preventScroll: true });
    if (!tries) return;
    setTimeout(() => { if (!this.root.contains(this.root.getRootNode().activeElement)) this.takeFocus(tries - 1); }, FOCUS_PAUSE);
  }

  async bringPicture(item) {
    const isWanted = (error) => {
      if (this.shown?.item === item) this.complain((this.unseen = `The image cannot be shown: ${error.message}`));
      return this.shown?.item === item;
    };
    const photo = await this.client.picture(item, isWanted).catch(() => null);
    if (this.shown?.item !== item) return;
    this.canvas.canvas.ariaBusy = "false";
    if (!photo) return;
    if (this.problem.textContent === this.unseen) this.complain("");
    this.canvas.photo = photo;
    this.canvas.plan();
  }

  async bringAnswers(item) {
    const { answers } = await this.client.insist("answers", { item });
    if (this.shown?.item !== item) return;
    this.answers = answers;
    this.showAnswer();
  }

  async bringProgress() {
    const asked = this.counted = Symbol("progress"); // of several questions on their way the last one counts
    const found = await this.client.ask("progress", {}).catch(() => null); // it comes with the next image
    if (found && this.counted === asked) this.showProgress(found);
  }

  async bringHistory(item) {
    const { revisions } = await this.client.insist("history", { item });
    if (this.shown?.item === item) this.panel.showHistory((this.revisions = revisions));
  }

  showAnswer() {
    const answer = this.answers?.[this.model % Math.max(1, this.answers.length)];
    this.answer = answer && !answer.error ? answer : null;
    this.canvas.setMap(this.answer?.levels, this.colours);
    this.panel.showAnswer(answer, !this.answers);
    this.describe();
    this.wonder();
  }

  // What can be measured of why the model failed, once nothing was changed for a moment.
  wonder() {
    clearTimeout(this.wondering);
    const asked = this.wondered = Symbol("causes"); // of several questions on their way the last one counts
    const { shown, answer } = this;
    if (!shown || !answer || this.drawn.judgement === null) return this.panel.showCauses([]);
    this.wondering = setTimeout(async () => {
      const message = { item: shown.item, model: answer.model, drawn: { ...this.drawn, regions: this.canvas.regions } };
      const { causes } = await this.client.ask("causes", message).catch(() => ({ causes: [] })); // no more than a hint
      if (this.wondered === asked) this.panel.showCauses(causes);
    }, CAUSES_PAUSE);
  }

  leave() {
    if (this.shown) this.client.ask("release", { item: this.shown.item }, { keepalive: true }).catch(() => {}); // the loan ends by itself
  }

  async beat() {
    if (!this.root.isConnected) return this.stop(); // another page is shown
    if (!this.shown) return;
    const { item } = this.shown;
    const answer = await this.client.ask("hold", { item }).catch(() => null);
    if (answer?.holder && this.shown?.item === item) this.hold(answer.holder);
  }

  stop() {
    clearInterval(this.beating);
    this.leave();
    this.shown = null;
  }

  hold(holder) { this.say(holder ? `${holder} is at this image too. Who saves second is shown both.` : ""); }

  // What is said of the image.

  acts() {
    return {
      say: (part) => this.put(part),
      judge: (judgement) => this.judge(judgement),
      tag: (tag) => this.toggleTag(tag),
      select: (number) => { this.canvas.select(Number(number)); this.refresh(); },
      call: (category) => { if (this.canvas.region) this.canvas.replace({ ...this.canvas.region, category }); },
      region: () => this.canvas.append({ category: this.canvas.region?.category ?? this.data.scheme.classes[0], counts: null, strokes: [] }),
      remove: () => this.canvas.remove(),
      accept: () => this.served.accept(),
      save: () => this.save(),
      next: () => this.pass(),
      previous: () => this.previous(),
      skip: () => this.skip(),
      undo: () => this.back(() => this.canvas.undo()),
      redo: () => this.back(() => this.canvas.redo()),
      tool: (tool) => { this.canvas.choose(tool); this.refresh(); },
      layer: (name) => { this.canvas.layers[name] = !this.canvas.layers[name]; this.canvas.plan(); this.refresh(); },
      model: () => { this.model += 1; this.showAnswer(); },
      compare: (number) => this.overlay(Number(number)),
      restore: (number) => this.restore(Number(number)),
      settle: (how) => this.settle(how),
      help: () => this.help.showModal(),
      closer: () => { this.canvas.viewport.closer(); this.canvas.plan(); },
      further: () => { this.canvas.viewport.further(); this.canvas.plan(); },
      whole: () => { this.canvas.viewport.whole(); this.canvas.plan(); },
    };
  }

  put(part) {
    if (!this.shown) return;
    Object.assign(this.drawn, part);
    this.changed();
  }

  judge(judgement) { this.put({ judgement }); }

  toggleTag(tag) {
    if (!tag) return;
    const { tags } = this.drawn;
    this.put({ tags: tags.includes(tag) ? tags.filter((each) => each !== tag) : [...tags, tag] });
  }

  changed() {
    if (!this.shown) return;
    if (this.conflict.newer) return this.refresh(); // both are shown, and neither is a draft of mine
    this.drawn.regions = this.canvas.regions;
    if (this.drawn.regions.length && this.drawn.judgement === null) this.drawn.judgement = "defective"; // who marks a defect says so
    this.client.keep(this.shown.item, this.base, { ...this.drawn });
    this.refresh();
    this.wonder();
  }

  // One step back or on; over a place where words were replaced too, those of the other side come with the regions.
  back(step) {
    const from = this.canvas.regions;
    step();
    const to = this.canvas.regions;
    const sides = this.replaced.find((each) => from !== to && each.has(from) && each.has(to));
    if (!sides) return;
    sides.set(from, { ...this.drawn });
    this.put({ ...sides.get(to), regions: to });
  }

  replaceAll(drawn) {
    const before = this.canvas.regions;
    const after = [...drawn.regions];
    this.replaced.push(new Map([[before, { ...this.drawn }], [after, drawn]]));
    Object.assign(this.drawn, drawn);
    this.canvas.put(after, 0);
  }

  async save() {
    if (!this.shown || this.turning || this.saving) return;
    this.canvas.close();
    if (!this.canvas.photo) return this.complain(this.unseen);
    if (this.drawn.judgement === null) return this.complain("Say first whether the part is good: G, D or U.");
    this.saving = true;
    const { item } = this.shown;
    const message = {
      item,
      base: this.base,
      attempt: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`,
      drawn: this.drawn,
      model: this.answer?.model ?? null,
      threshold: this.answer?.limit ?? null,
      seconds: (performance.now() - this.began) / 1000,
    };
    try {
      await this.client.save(message);
      this.passed.push(item); // else it came again at once where reviewed images are asked for
      this.passedOver.delete(item);
      if (this.shown?.item !== item) return; // another wish came meanwhile
      this.shown = null;
      this.saving = false;
      await this.next();
    } catch (error) {
      this.client.keep(item, message.base, { ...message.drawn }); // it stays a draft
      if (error.newer && this.shown?.item === item) this.meet(error.newer);
      else this.complain(error.message);
    } finally {
      this.saving = false;
    }
  }

  async pass() {
    if (this.turning || this.saving) return; // a key that is held down passes no image over that nobody saw
    this.canvas.close();
    if (this.shown) {
      this.passed.push(this.shown.item);
      this.passedOver.add(this.shown.item);
    } else {
      this.passed = this.passed.filter((item) => !this.passedOver.has(item));
      this.passedOver.clear();
    }
    await this.next();
  }

  async previous() {
    if (this.turning || this.saving) return;
    this.canvas.close();
    if (this.shown) this.visited.pop();
    const item = this.visited.pop();
    if (item !== undefined) await this.load(item);
    else this.complain("This is the first image that you looked at.");
  }

  async skip() {
    if (!this.shown || this.turning || this.saving) return;
    this.canvas.close();
    this.passed.push(this.shown.item);
    this.passedOver.delete(this.shown.item);
    await this.client.insist("skip", { item: this.shown.item }).catch((error) => this.complain(error.message));
    this.shown = null;
    await this.next();
  }

  // Somebody else saved first, or an earlier state is looked at.

  meet(newer) {
    this.canvas.close();
    const mine = { ...this.drawn, regions: this.canvas.regions };
    this.conflict.meet(newer, mine);
    this.canvas.locked = true;
    this.canvas.put([...mine.regions, ...newer.drawn.regions], 0);
  }

  settle(how) {
    this.base = this.conflict.newer.id;
    this.canvas.locked = false;
    this.complain("");
    this.canvas.undo(); // both at once, which nobody chose
    this.replaceAll(this.conflict.settle(how));
    this.say("Save what holds: Enter.");
    this.takeFocus();
  }

  overlay(number) {
    const one = this.revisions.find((each) => each.id === number);
    this.canvas.put(one.drawn.regions, 0);
    this.say(`These are the regions of ${one.author}. Ctrl+Z brings yours back.`);
  }

  restore(number) {
    const one = this.revisions.find((each) => each.id === number);
    this.replaceAll(one.drawn);
    this.say("Save to make this the newest: Enter. Ctrl+Z brings back what you had.");
  }

  // What is seen and heard.

  refresh() {
    const { canvas } = this;
    this.panel.show({ ...this.drawn, regions: canvas.regions, selected: canvas.selected, colourOf: (name) => canvas.colourOf(name) });
    for (const each of this.root.querySelectorAll("[data-act=tool]")) each.setAttribute("aria-pressed", each.dataset.value === canvas.tool);
    for (const each of this.root.querySelectorAll("[data-act=layer]")) each.setAttribute("aria-pressed", canvas.layers[each.dataset.value]);
    this.root.querySelector("[data-act=undo]").setAttribute("aria-disabled", !canvas.undoable);
    this.root.querySelector("[data-act=redo]").setAttribute("aria-disabled", !canvas.redoable);
    this.describe();
  }

  describe() {
    if (!this.shown) return;
    const { name } = this.shown;
    this.canvas.canvas.setAttribute("aria-label", `${name}, ${this.drawn.judgement ?? "not judged"}, ${counted(this.canvas.regions)}`);
  }

  showProgress({ done, skipped, left, seconds_left: seconds, scored, asked }) {
    const pace = seconds === null || !left ? "" : `, ${duration(seconds)} at this pace`;
    this.root.querySelector(".progress").textContent = `${done} reviewed, ${skipped} put off, ${left} left${pace}${scored < asked ? `, models answered ${scored} of ${asked}` : ""}`;
  }

  tell(state, why = "") {
    this.status.dataset.state = state;
    this.status.textContent = why ? `${state}: ${why}` : state;
  }

  complain(sentence) { [this.problem.textContent, this.problem.hidden] = [sentence, !sentence]; }

  say(sentence) { this.root.querySelector(".news").textContent = sentence; }

  key(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const typing = event.target.matches("textarea, select, input:not([type=range])");
    if (typing && key === "Escape") return this.takeFocus();
    if (typing || this.help.open) return event.stopPropagation();
    const command = (event.ctrlKey || event.metaKey) && !event.altKey;
    const { undo, redo } = this.panel.acts;
    const commands = { z: () => (event.shiftKey ? redo() : undo()), y: redo };
    const onButton = event.target.matches("button") && (key === "Enter" || key === " ");
    const own = command ? commands[key] : this.keys[key];
    const allowed = own && this.conflict.newer ? () => this.complain(UNSETTLED) : own;
    const act = onButton ? null : allowed ?? (command ? null : this.canvas.viewport.act(key));
    if (!act || (event.altKey && !"[]".includes(key))) return;
    act();
    this.canvas.plan();
    this.refresh();
    event.preventDefault();
    event.stopPropagation(); // letters mean something to Streamlit
  }
}

function duration(seconds) {
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
