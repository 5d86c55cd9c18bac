// A table whose rows are kept by key, so that an update loses neither the focus nor the order.
const COLUMNS = [
  { name: "name", title: "Recording" },
  { name: "length", title: "Length", sortBy: "duration" },
  { name: "instruments", title: "Instruments" },
  { name: "state", title: "State" },
];
const NEXT_ORDER = { none: "ascending", ascending: "descending", descending: "none" };
const CROSS = "M6.5 6.5l11 11M17.5 6.5l-11 11";

function compare(a, b) {
  const isMissing = (value) => value == null || value === "";
  if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true, sensitivity: "base" });
}

function sortRows(rows, column, order) {
  if (order === "none") return rows;
  const by = column.sortBy ?? column.name;
  const isMissing = (row) => row[by] == null || row[by] === "";
  const sign = order === "descending" ? -1 : 1;
  return [...rows].sort((a, b) => (isMissing(a) || isMissing(b) ? 1 : sign) * compare(a[by], b[by]));
}

function setText(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

function makeRow(model, key) {
  const open = make("button", { type: "button", class: "instrunet-table-open", dir: "auto" });
  const remove = make("button", { type: "button", class: "instrunet-button instrunet-button-plain" }, makeIcon(CROSS));
  const cells = Object.fromEntries(
    COLUMNS.map(({ name }) => [name, make("td", { role: "cell", class: `instrunet-table-${name}` })]),
  );
  cells.name.append(open);
  const end = make("td", { role: "cell", class: "instrunet-table-remove" }, remove);
  const el = make("tr", { role: "row" }, ...Object.values(cells), end);
  const send = (type) => model.send({ type, key });
  el.addEventListener("click", (event) => {
    if (event.target.closest(".instrunet-table-remove")) return;
    if (getSelection()?.isCollapsed === false && !event.target.closest("button")) return; // text is being selected
    send("open");
  });
  remove.addEventListener("click", () => send("remove"));
  return { el, open, remove, cells };
}

function fillRow({ el, open, remove, cells }, row, isCurrent) {
  setText(open, row.name || "unnamed");
  open.title = row.name;
  remove.setAttribute("aria-label", `Remove ${row.name}`);
  remove.title = `Remove ${row.name}`;
  for (const name of ["length", "instruments", "state"]) setText(cells[name], row[name] ?? "");
  cells.instruments.title = row.instruments ?? "";
  cells.state.classList.toggle("instrunet-table-failed", Boolean(row.is_failed));
  el.classList.toggle("instrunet-table-current", isCurrent);
  if (isCurrent) open.setAttribute("aria-current", "true");
  else open.removeAttribute("aria-current");
}

function renderTable(model, el, signal) {
  const rows = new Map(); // key -> its elements
  let [sorted, order] = [COLUMNS[0], "none"];
  const heads = COLUMNS.map((column) => {
    const button = make("button", { type: "button", class: "instrunet-table-sort" }, column.title);
    button.addEventListener("click", () => {
      order = NEXT_ORDER[sorted === column ? order : "none"];
      sorted = column;
      draw();
    });
    return make("th", { role: "columnheader", scope: "col" }, button);
  });
  const last = make("th", { role: "columnheader", scope: "col" }, make("span", { class: "instrunet-unseen" }, "Remove"));
  const body = make("tbody", { role: "rowgroup" });
  const table = make(
    "table",
    { role: "table", "aria-label": "Recordings" },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads, last)),
    body,
  );
  el.append(make("div", { class: "instrunet-table" }, table));

  function draw() {
    heads.forEach((head, k) => head.setAttribute("aria-sort", COLUMNS[k] === sorted ? order : "none"));
    const inOrder = sortRows(model.get("rows"), sorted, order);
    const focused = body.contains(document.activeElement) ? document.activeElement : null;
    const place = focused ? Array.from(body.children).indexOf(focused.closest("tr")) : -1;
    dropOthers(inOrder);
    inOrder.forEach((row, k) => {
      if (!rows.has(row.key)) rows.set(row.key, makeRow(model, row.key));
      const elements = rows.get(row.key);
      fillRow(elements, row, row.key === model.get("current"));
      if (body.children[k] !== elements.el) body.insertBefore(elements.el, body.children[k] ?? null);
    });
    if (focused && document.activeElement !== focused) restoreFocus(focused, place);
  }

  function dropOthers(wanted) {
    const keys = new Set(wanted.map((row) => row.key));
    for (const [key, { el: row }] of rows) {
      if (keys.has(key)) continue;
      row.remove();
      rows.delete(key);
    }
  }

  function restoreFocus(focused, place) {
    if (focused.isConnected) {
      focused.focus({ preventScroll: true });
      return;
    }
    const neighbour = body.children[Math.min(place, body.children.length - 1)]; // its row was removed
    const isRemove = focused.classList.contains("instrunet-button");
    neighbour?.querySelector(isRemove ? ".instrunet-button" : ".instrunet-table-open").focus({ preventScroll: true });
  }

  model.on("change:rows change:current", draw);
  signal.addEventListener("abort", () => model.off("change:rows change:current", draw));
  draw();
}

export default {
  render({ model, el, signal }) {
    const controller = new AbortController();
    signal?.addEventListener("abort", () => controller.abort());
    renderTable(model, el, controller.signal);
    return () => controller.abort();
  },
};
