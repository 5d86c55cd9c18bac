// The legend of the intensity chart: one toggle button per instrument, with its colour and dash.
const SVG = "http://www.w3.org/2000/svg";
const DASHES = { solid: "", dashed: "8 4", dotted: "2.5 3.5", dash_dotted: "10 3 2.5 3" };

function makeSwatch(item) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 8");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "line");
  for (const [name, value] of Object.entries({ x1: 0, x2: 24, y1: 4, y2: 4, "stroke-width": 3 }))
    line.setAttribute(name, value);
  line.style.stroke = item.colour;
  line.setAttribute("stroke-dasharray", DASHES[item.dash] ?? "");
  svg.append(line);
  return svg;
}

function render({ model, el }) {
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", "Instruments in the chart");
  const buttons = new Map();
  for (const item of model.get("items")) {
    const button = document.createElement("button");
    button.type = "button";
    const name = document.createElement("span");
    name.textContent = item.name;
    button.append(makeSwatch(item), name);
    button.addEventListener("click", () => {
      const shown = new Set(model.get("shown"));
      if (!shown.delete(item.code)) shown.add(item.code);
      model.set("shown", model.get("items").map((other) => other.code).filter((code) => shown.has(code)));
      model.save_changes();
    });
    buttons.set(item.code, button);
    el.append(button);
  }
  const update = () => {
    const shown = new Set(model.get("shown"));
    for (const [code, button] of buttons) button.setAttribute("aria-pressed", String(shown.has(code)));
  };
  model.on("change:shown", update);
  update();
  return () => model.off("change:shown", update);
}

export default { render };
