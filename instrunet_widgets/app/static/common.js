// A view is rendered before it stands in the page: wait until it does, then give it its app (null outside one).
function whenAttached(el, signal, callback) {
  if (signal.aborted) return;
  if (el.isConnected) callback(el.closest(".instrunet-app"));
  else setTimeout(() => whenAttached(el, signal, callback), 30);
}

// make("button", {class: "instrunet-button", type: "button"}, "Play"): an element; strings become text, never HTML.
function make(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value != null) el.setAttribute(name, value === true ? "" : value);
  }
  el.append(...children);
  return el;
}

// A drawing on a 24 x 24 grid, in the colour of the text around it.
function makeIcon(...paths) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "instrunet-icon");
  for (const d of paths) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

// A random UUID.
function makeKey() {
  if (globalThis.crypto.randomUUID) return crypto.randomUUID(); // missing where the page came over plain http
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
