// What a window does by itself, once for all pages.
//
// Back and forward. Streamlit makes an entry of whatever the server writes into the address, and none of what
// a widget writes. Here an action of the visitor makes one entry at most, and only if another place is looked at: another
// page, or another value of one of `places` in the address. All else replaces the entry: sliders, and what the server adds
// or puts right. So Back never returns to what is written over at once.

const ACTIONS = ["pointerdown", "keydown", "change", "drop"];

export default function ({ data, setTriggerValue }) {
  window.crrHistory ??= new Entries();
  window.crrHistory.places = data.places;
  window.crrConnection ??= new Connection();
  window.crrConnection.tell = setTriggerValue;
  window.crrRefusals ??= new Refusals(data.refused);
}

// A file that the server has no room for: Streamlit shows how its request failed, and not what was answered.
class Refusals {
  constructor(sentences) {
    const put = () => {
      for (const alert of document.querySelectorAll(".stFileChip [role=alert]"))
        for (const [status, sentence] of Object.entries(sentences))
          if (alert.textContent.includes(`status code ${status}`)) alert.textContent = sentence;
    };
    new MutationObserver(put).observe(document.querySelector("[data-testid=stApp]"), { childList: true, subtree: true });
  }
}

// A server that was away may have forgotten this window, and then leaves what a part of the page asks for without an answer.
// So the whole page is asked for once it is back.
class Connection {
  constructor() {
    const app = document.querySelector("[data-testid=stApp]");
    let away = false;
    new MutationObserver(() => {
      const here = app.dataset.testConnectionState === "CONNECTED";
      if (here && away) this.tell("back", true);
      away = !here;
    }).observe(app, { attributeFilter: ["data-test-connection-state"] });
  }
}

// A strip of choices that gets the focus scrolls to the one that is marked, away from under the pointer: a click was lost.
function keepInPlace({ target }) {
  const choice = target.closest?.("[role=radio]");
  const strip = choice?.closest("[role=radiogroup]");
  if (!strip) return;
  const left = strip.scrollLeft;
  choice.focus({ preventScroll: true });
  strip.scrollLeft = left;
}

class Entries {
  constructor() {
    this.acted = false; // since the last entry was made or returned to
    this.leaving = false; // another page was asked for, and its path does not stand in the address yet
    this.push = history.pushState.bind(history);
    this.replace = history.replaceState.bind(history);
    history.pushState = history.replaceState = (state, title, address) => this.write(state, title, address);
    for (const action of ACTIONS) addEventListener(action, () => this.act(), true);
    addEventListener("click", (event) => this.follow(event.target.closest?.("a[href]")), true);
    addEventListener("popstate", (event) => this.returned(event), true);
    addEventListener("pointerdown", keepInPlace, true);
    this.below = this.written();
  }

  // The entries that the server made before this stood, which nobody asked for: the keys of their places, as it may still
  // write over one; in a browser that knows no keys, the address of the first.
  written() {
    const [opened] = performance.getEntriesByType("navigation");
    if (!opened || opened.name === location.href) return [];
    const before = window.navigation?.entries().slice(0, navigation.currentEntry.index) ?? [];
    const first = before.map((entry) => entry.url).lastIndexOf(opened.name);
    return first < 0 ? [opened.name] : before.slice(first).map((entry) => entry.key);
  }

  act() {
    this.acted = true;
    this.leaving = false;
  }

  follow(link) {
    this.leaving = Boolean(link) && link.origin === location.origin && link.pathname !== location.pathname;
  }

  write(state, title, address) {
    const next = new URL(address ?? location.href, document.baseURI);
    const otherPage = next.pathname !== location.pathname;
    // What the other page writes may come before its path, and would stand in the entry of this one; it comes again with it.
    if (this.leaving && !otherPage) return;
    this.leaving = false;
    // A page that leads on by itself, as old links do, would lead on again when one goes back to it.
    if (this.acted && (otherPage || this.place(next) !== this.place(location))) {
      this.acted = false;
      this.push(state, title, address);
    } else this.replace(state, title, address);
  }

  place({ search }) {
    const named = new URLSearchParams(search);
    return JSON.stringify(this.places.map((name) => named.getAll(name)));
  }

  returned(event) {
    this.acted = this.leaving = false;
    if (this.below.includes(window.navigation?.currentEntry.key) || this.below.includes(location.href)) {
      event.stopImmediatePropagation(); // Streamlit would write over it, or lead on again
      history.back();
    }
  }
}
