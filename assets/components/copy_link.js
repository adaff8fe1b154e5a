// One button. Where the clipboard is closed (a page without TLS), the address is selected for the visitor to copy.
export default function ({ parentElement }) {
  const root = parentElement.querySelector(".lossviz");
  if (root.querySelector("button")) return;
  const button = Object.assign(document.createElement("button"), { className: "copy", textContent: "Copy link" });
  const field = Object.assign(document.createElement("input"), { className: "address", readOnly: true, hidden: true });
  field.setAttribute("aria-label", "Link to this state");
  const said = Object.assign(document.createElement("span"), { className: "said" });
  said.setAttribute("role", "status");
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = "Copied";
    } catch {
      Object.assign(field, { value: location.href, hidden: false }).select();
      said.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { said.textContent = ""; }, 2500);
  };
  root.append(button, field, said);
}
