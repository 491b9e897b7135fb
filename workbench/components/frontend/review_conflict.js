// Somebody else saved the image first: what both say is shown, and nothing else is done until it is settled.
// review.js uses this; assets.py joins it to that script.

class ReviewConflict {
  constructor(root) {
    this.box = root.querySelector(".conflict");
    this.rest = root.querySelectorAll(".left [aria-label=Tools], .right");
    this.newer = null; // what they saved, while it is not settled
  }

  meet(newer, mine) {
    Object.assign(this, { newer, mine });
    this.box.querySelector(".who").textContent = `${newer.author} saved this image while you worked on it. Which regions hold?`;
    fill(this.box.querySelector(".both"), [entry("You", mine), entry(newer.author, newer.drawn)]);
    this.show(true);
    this.box.querySelector("button").focus();
  }

  // What holds then; of what is no region, "theirs" is all of theirs, "both" is what either said.
  settle(how) {
    const { mine, newer: { drawn: theirs } } = this;
    const chosen = {
      mine,
      theirs,
      both: {
        ...mine,
        regions: [...mine.regions, ...theirs.regions],
        tags: [...new Set([...mine.tags, ...theirs.tags])],
        severity: mine.severity ?? theirs.severity,
        note: [...new Set([mine.note, theirs.note])].filter(Boolean).join("\n"),
      },
      neither: { ...mine, regions: [] },
    };
    this.close();
    return chosen[how];
  }

  close() {
    this.newer = null;
    this.show(false);
  }

  show(isOpen) {
    this.box.hidden = !isOpen;
    for (const each of this.rest) each.inert = isOpen;
  }
}

function entry(who, { judgement, regions, tags, severity, note }) {
  const row = document.createElement("li");
  row.textContent = [
    `${who}: ${judgement ?? "not judged"}`,
    counted(regions),
    tags.length ? `failed for ${tags.join(", ")}` : "",
    severity ?? "",
    note ? `note “${note}”` : "",
  ].filter(Boolean).join("; "); // never as HTML: names and notes are a stranger's
  return row;
}
