// A button that opens a phone's camera for the page's uploader, which takes the photo as it takes any file.

export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  button.className = "first";
  button.onclick = () => {
    const input = document.querySelector("[data-testid=stFileUploader] input[type=file]");
    if (!input) return;
    const accepted = input.getAttribute("accept");
    input.setAttribute("capture", "environment");
    input.setAttribute("accept", "image/*");
    input.click();
    input.removeAttribute("capture"); // the uploader's own button offers the photos that are there
    if (accepted === null) input.removeAttribute("accept");
    else input.setAttribute("accept", accepted);
  };
}
