// A button that copies the address of the page, and says that it did.

const SAID = 2000; // milliseconds

export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  button.onclick = async () => {
    button.textContent = (await copied(location.href)) ? "Copied" : "Copy it from the address bar";
    setTimeout(() => (button.textContent = button.value), SAID);
  };
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or a page without HTTPS
  }
}
