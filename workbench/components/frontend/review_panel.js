// What is said of an image, beside it: verdict, regions, tags, severity, note, and what was said before.
// review.js uses this; assets.py joins it to that script.

class ReviewPanel {
  constructor(root, acts) {
    Object.assign(this, { root, acts });
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("change", (event) => this.change(event));
    root.querySelector(".note-text").addEventListener("input", (event) => acts.say({ note: event.target.value }));
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { act, value } = button.dataset;
    this.acts[act]?.(value);
  }

  change({ target }) {
    if (target.name === "class") this.acts.call(target.value);
    if (target.name === "severity") this.acts.say({ severity: target.value || null });
  }

  open({ classes, tags }) {
    fill(this.root.querySelector(".tags"), tags.map((tag, number) => button(number < 9 ? `${number + 1} ${tag}` : tag, "tag", tag)));
    fill(this.root.querySelector("select[name=class]"), classes.map((name) => new Option(name, name)));
  }

  show({ judgement, tags, severity, note, regions, selected, colourOf }) {
    for (const each of this.root.querySelectorAll("[data-act=judge]")) each.setAttribute("aria-pressed", each.dataset.value === judgement);
    for (const each of this.root.querySelectorAll("[data-act=tag]")) each.setAttribute("aria-pressed", tags.includes(each.dataset.value));
    this.root.querySelector("select[name=severity]").value = severity ?? "";
    const text = this.root.querySelector(".note-text");
    if (text.value !== note) text.value = note;
    const list = regions.map((region, number) => {
      const shown = button(`Region ${number + 1}: ${region.category}`, "select", number);
      shown.setAttribute("aria-pressed", number === selected);
      shown.style.setProperty("--colour", colourOf(region.category));
      return shown;
    });
    fill(this.root.querySelector(".regions"), list.length ? list : [words("No region is marked.")]);
    this.root.querySelector("select[name=class]").value = regions[selected]?.category ?? "";
  }

  showFacts({ name, label, kind, state, opinion }) {
    const facts = [kind, label && `labelled ${label}`, STATES[state], ["", "second opinion", "settled"][opinion - 1]];
    this.root.querySelector(".name").textContent = name;
    this.root.querySelector(".facts").textContent = facts.filter(Boolean).join(", ");
  }

  showAnswer(answer, isAsked) {
    const place = this.root.querySelector(".model");
    if (!answer) place.textContent = isAsked ? "The model is asked." : "No model is asked in this project.";
    else if (answer.error) place.textContent = `${answer.title}: ${answer.error}`;
    else place.textContent = `${answer.title}: ${answer.verdict}, score ${answer.score.toFixed(2)}, limit ${answer.limit.toFixed(2)}`;
  }

  showCauses(causes) {
    fill(this.root.querySelector(".causes"), causes.map(({ tag, because }) => {
      const row = document.createElement("li");
      row.textContent = `Measured, for “${tag}”: ${because}`;
      return row;
    }));
    const suggested = new Set(causes.map(({ tag }) => tag));
    for (const each of this.root.querySelectorAll("[data-act=tag]")) each.classList.toggle("suggested", suggested.has(each.dataset.value));
  }

  showHistory(revisions) {
    const rows = [...revisions].reverse().map((one) => {
      const when = new Date(one.saved).toLocaleString();
      const shared = one.shared === null ? "" : `, ${Math.round(100 * one.shared)} % shared with the one before`;
      const row = words(`${when}, ${one.author}: ${one.drawn.judgement}, ${counted(one.drawn.regions)}${shared} `);
      row.append(button("Show", "compare", one.id), button("Restore", "restore", one.id));
      return row;
    });
    fill(this.root.querySelector(".history"), rows.length ? rows : [words("Nothing was said of this image yet.")]);
  }
}

const STATES = { left: "to be reviewed", skipped: "put off", done: "reviewed" };

function counted({ length }) { return length === 1 ? "1 region" : `${length} regions`; }

function button(label, act, value) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", textContent: label });
  Object.assign(made.dataset, { act, value });
  return made;
}

function words(text) {
  const made = document.createElement("p");
  made.textContent = text; // never as HTML: names and notes are a stranger's
  return made;
}

function fill(place, children) { place.replaceChildren(...children); }
