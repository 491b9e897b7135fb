// Asks the review service, and keeps what it was not told yet: in this window, and on its disk should the window close.
// review.js uses this; assets.py joins it to that script.

const DRAFT_PAUSE = 250; // milliseconds after the last change
const LONGEST_WAIT = 10_000; // milliseconds until it is tried again

class ServiceError extends Error {
  constructor(status, answer) {
    const isMissing = status === 404 || status === 405; // another server answers there
    super(answer.error ?? (isMissing ? "This workbench was started without what keeps reviews: start server.py, as make run does." : "The server does not answer."));
    Object.assign(this, { status, newer: answer.newer });
  }
}

class ReviewClient {
  constructor(tell, askForTicket) {
    Object.assign(this, { tell, askForTicket }); // what is saved, in words; another ticket, from the page
    this.drafts = new Map(); // item to what has to be sent
    this.failures = 0;
    addEventListener("online", () => this.flush());
    addEventListener("beforeunload", (event) => { if (this.drafts.size || this.saving) event.preventDefault(); });
  }

  connect({ ticket, address, owner }) {
    const other = this.ticket !== ticket;
    Object.assign(this, { ticket, address, owner });
    if (other) this.flush();
  }

  async ask(what, message = {}, options = {}) {
    return (await this.request(what, { method: "POST", body: JSON.stringify(message), ...options })).json();
  }

  // Asked for again as long as it is wanted, if that may help; `isWanted` hears why it did not come.
  async picture(item, isWanted) {
    for (let wait = 500; ; wait = Math.min(LONGEST_WAIT, 2 * wait)) {
      try {
        return await createImageBitmap(await (await this.request(`picture/${item}`, {})).blob());
      } catch (error) {
        if (!isWanted(error) || !isAway(error)) throw error;
        await sleep(wait);
      }
    }
  }

  async request(path, options) {
    let answer;
    try {
      answer = await fetch(new URL(`${this.address}/${path}`, location.href), { ...options, headers: { "X-Review-Ticket": this.ticket } });
    } catch {
      throw new ServiceError(0, {});
    }
    if (answer.ok) return answer;
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 401) this.askForTicket();
    throw new ServiceError(answer.status, said);
  }

  // Until it answers: for what may be asked again without harm.
  async insist(what, message) {
    for (let wait = 500; ; wait = Math.min(LONGEST_WAIT, 2 * wait)) {
      try {
        return await this.ask(what, message);
      } catch (error) {
        if (!isAway(error)) throw error;
        this.tell("not saved", error.message);
        await sleep(wait);
      }
    }
  }

  // Drafts: the newest of each image, written down before it is sent.

  keep(item, base, drawn) {
    const message = { item, base, clock: Date.now(), drawn };
    this.drafts.set(item, message);
    this.remember(item, message);
    this.tell("saving");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), DRAFT_PAUSE);
  }

  async flush() {
    if (this.flushing || !this.drafts.size || !this.ticket) return;
    this.flushing = true;
    clearTimeout(this.timer);
    for (const [item, message] of [...this.drafts]) {
      try {
        await this.ask("keep", message);
        this.failures = 0;
        if (this.drafts.get(item) === message) this.drafts.delete(item);
        this.forget(item, message.clock);
      } catch (error) {
        if (!isAway(error)) this.drafts.delete(item); // it can never be kept: the image is gone, or it is no drawing
        this.failures += 1;
        this.tell("not saved", error.message);
      }
    }
    this.flushing = false;
    if (!this.drafts.size && !this.failures) this.tell("saved");
    else if (this.drafts.size) this.timer = setTimeout(() => this.flush(), Math.min(LONGEST_WAIT, DRAFT_PAUSE * 2 ** this.failures));
  }

  // A draft that a save has made needless.
  drop(item) {
    this.drafts.delete(item);
    this.forget(item, Infinity);
    this.failures = 0;
  }

  async save(message) {
    this.saving = true;
    this.drafts.delete(message.item);
    this.tell("saving");
    try {
      const saved = await this.insist("save", message);
      this.drop(message.item);
      this.tell("saved");
      return saved;
    } finally {
      this.saving = false;
    }
  }

  // On this disk.

  place(item) { return `crr-review/${this.owner}/${item}`; }

  remember(item, message) {
    try {
      localStorage.setItem(this.place(item), JSON.stringify(message));
    } catch {
      // Full, or forbidden: the window still has it.
    }
  }

  forget(item, clock) {
    const kept = this.recall(item);
    if (kept && kept.clock <= clock) localStorage.removeItem(this.place(item));
  }

  recall(item) {
    try {
      return JSON.parse(localStorage.getItem(this.place(item)));
    } catch {
      return null;
    }
  }
}

// Whether it may work later: no connection, a server that starts, a database that is away.
function isAway({ status }) { return status === 0 || status === 401 || status === 429 || status >= 500; }

function sleep(milliseconds) { return new Promise((done) => setTimeout(done, milliseconds)); }
