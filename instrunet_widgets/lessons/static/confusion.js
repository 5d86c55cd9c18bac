// A table of confusions: rows are labels, columns what was taken for them. A click chooses a pair.
export default {
  render({ model, el }) {
    el.classList.add("in-confusion-frame");
    el.tabIndex = 0;
    const make = (parent, name, text) => {
      const part = document.createElement(name);
      part.textContent = text;
      parent.append(part);
      return part;
    };
    const draw = () => {
      const names = model.get("names"), codes = model.get("codes");
      const texts = model.get("texts"), levels = model.get("levels");
      const [row, column] = model.get("chosen");
      const table = document.createElement("table");
      table.className = "in-confusion";
      make(table, "caption", "Rows: labelled. Columns: taken for.");
      const head = make(make(table, "thead", ""), "tr", "");
      make(head, "td", "");
      codes.forEach((code, k) => {
        const cell = make(head, "th", code);
        cell.scope = "col";
        cell.title = names[k];
      });
      const body = make(table, "tbody", "");
      names.forEach((name, k) => {
        const line = make(body, "tr", "");
        const title = make(line, "th", "");
        title.scope = "row";
        make(title, "span", name).className = "in-wide";
        make(title, "abbr", codes[k]).title = name;
        texts[k].forEach((text, other) => {
          const cell = make(line, "td", text);
          cell.style.setProperty("--level", `${Math.round(45 * levels[k][other])}%`);
          if (k === other) cell.classList.add("is-right");
          if (k === row && other === column) cell.classList.add("is-chosen");
          cell.addEventListener("click", () => { model.set("chosen", [k, other]); model.save_changes(); });
        });
      });
      el.replaceChildren(table);
    };
    model.on("change:texts change:chosen", draw);
    draw();
    return () => model.off("change:texts change:chosen", draw);
  },
};
