// The time axis over a stack of charts: buttons, pointer, playhead. Times are seconds, x is in px of the plot area.
const CLICK_PIXELS = 4;
const DOUBLE_CLICK_MS = 600;
const ZOOM_STEP = 2;
const HOVER_EVERY_MS = 66;
const PLAYHEAD_EVERY_MS = 250;

function render({ model, el }) {
  const toolbar = make("div", "in-axis-tools", el, { role: "group", "aria-label": "Visible time range" });
  const addButton = (label, text, onClick) => {
    const button = make("button", "in-axis-button", toolbar, { type: "button", title: label, "aria-label": label });
    button.textContent = text;
    button.addEventListener("click", onClick);
    return button;
  };
  const layer = make("div", "in-axis-layer", el);
  const plot = make("div", "in-axis-plot", layer);
  plot.style.left = `${model.get("margin_left")}px`;
  plot.style.right = `${model.get("margin_right")}px`;
  const loopBand = make("div", "in-axis-loop", plot, { hidden: "" });
  const band = make("div", "in-axis-band", plot, { hidden: "" });
  const hover = make("div", "in-axis-hover", plot, { hidden: "" });
  const hoverText = make("span", "", hover);
  const playhead = make("div", "in-axis-playhead", plot, { hidden: "" });

  let root = null, width = 0, player = null, loop = null, hoverTime = null;
  let clickedAt = -Infinity, wasPlaying = false; // before the last click, or the first of two

  const view = new View(model, () => draw());
  const toX = (time) => ((time - view.start) / view.length) * width;
  const toTime = (x) => view.start + (x / Math.max(width, 1)) * view.length;
  const clampTime = (time) => Math.min(Math.max(time, 0), view.duration);
  const tell = (name, detail) => root?.dispatchEvent(new CustomEvent(name, { detail }));

  const sendCursor = (time) => { model.set("cursor", time); model.save_changes(); };
  const sendHover = throttle(HOVER_EVERY_MS, sendCursor);
  const sendPlayhead = throttle(PLAYHEAD_EVERY_MS, (time) => { if (hoverTime === null) sendCursor(time); });

  function zoomCentre() {
    const isPlayheadVisible = player && player.time > view.start && player.time < view.end;
    return isPlayheadVisible ? player.time : (view.start + view.end) / 2;
  }
  const actions = {
    in: () => view.zoom(ZOOM_STEP, zoomCentre()),
    out: () => view.zoom(1 / ZOOM_STEP, zoomCentre()),
    left: () => view.set(view.start - view.length / 2, view.length),
    right: () => view.set(view.start + view.length / 2, view.length),
    all: () => view.showAll(),
  };
  const zoomOut = addButton("Zoom out", "−", actions.out);
  const zoomIn = addButton("Zoom in", "+", actions.in);
  const whole = addButton("Show the whole track", "Whole track", actions.all);
  const range = make("span", "in-axis-range", toolbar);
  const loopButton = addButton("Loop the visible range (Alt and drag loops any range)", "Loop", () =>
    tell("instrunet:loop", loop ? { start: null } : { start: view.start, end: view.end }));
  loopButton.hidden = true;
  const hint = make("span", "in-axis-hint", toolbar);
  hint.textContent = "Drag to zoom, click to play from there";

  function place(element, start, end) {
    const from = Math.max(0, toX(start)), to = Math.min(width, toX(end));
    element.hidden = !(to > from);
    element.style.left = `${from}px`;
    element.style.width = `${Math.max(0, to - from)}px`;
  }
  function placeLine(element, time) {
    const isVisible = time !== null && time >= view.start - 1e-9 && time <= view.end + 1e-9;
    element.hidden = !isVisible;
    if (isVisible) element.style.transform = `translateX(${toX(time)}px)`;
  }
  function draw() {
    const tenths = view.length < 20;
    range.textContent = view.isWhole
      ? `${formatTime(0)} - ${formatTime(view.duration)}`
      : `${formatTime(view.start, tenths)} - ${formatTime(view.end, tenths)} of ${formatTime(view.duration)}`;
    whole.disabled = zoomOut.disabled = view.isWhole;
    zoomIn.disabled = view.length <= model.get("shortest") + 1e-6;
    placeLine(playhead, player ? player.time : null);
    placeLine(hover, hoverTime);
    if (loop) place(loopBand, loop.start, loop.end);
    else loopBand.hidden = true;
    loopButton.setAttribute("aria-pressed", String(loop !== null));
  }

  function setHover(time) {
    hoverTime = time;
    placeLine(hover, time);
    if (time === null) {
      sendHover(player && player.time > 0 ? player.time : null);
      return;
    }
    hoverText.textContent = formatTime(time, view.length < 60);
    hoverText.classList.toggle("in-left", toX(time) > width - 60);
    sendHover(time);
  }

  // Pointers: one drags (zoom, pan or loop), two pinch.
  const pointers = new Map();
  let gesture = null;
  const xOf = (event) => event.clientX - plot.getBoundingClientRect().left;
  const insideX = (x) => Math.min(Math.max(x, 0), width);

  function begin(event) {
    if (event.button !== 0 || !width) return;
    const x = xOf(event);
    pointers.set(event.pointerId, x);
    plot.setPointerCapture(event.pointerId);
    if (pointers.size === 2) {
      gesture = { kind: "pinch", isMoving: true, times: [...pointers].map(([id, px]) => [id, toTime(px)]) };
      view.isHeld = true;
    } else if (pointers.size === 1) {
      const isPan = event.pointerType === "touch" || event.shiftKey;
      const kind = event.altKey ? "loop" : isPan ? "pan" : "zoom";
      gesture = { kind, x, start: view.start, time: toTime(x), isMoving: false };
      if (event.pointerType !== "touch") event.preventDefault();
    }
  }
  function move(event) {
    const x = xOf(event);
    if (!pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch") setHover(clampTime(toTime(insideX(x))));
      return;
    }
    pointers.set(event.pointerId, x);
    if (!gesture) return;
    if (!gesture.isMoving && Math.abs(x - gesture.x) <= CLICK_PIXELS) return;
    if (!gesture.isMoving) {
      gesture.isMoving = true;
      view.isHeld = gesture.kind === "pan";
      hover.hidden = true;
    }
    if (gesture.kind === "pinch") pinch();
    else if (gesture.kind === "pan") view.set(gesture.start - ((x - gesture.x) / width) * view.length, view.length);
    else {
      const times = [gesture.time, toTime(insideX(x))].sort((a, b) => a - b);
      band.classList.toggle("in-looping", gesture.kind === "loop");
      place(band, ...times);
    }
  }
  function pinch() {
    const [[firstId, firstTime], [secondId, secondTime]] = gesture.times;
    const firstX = pointers.get(firstId), secondX = pointers.get(secondId);
    if (firstX === undefined || secondX === undefined || Math.abs(secondX - firstX) < 8) return;
    const perPixel = Math.abs((secondTime - firstTime) / (secondX - firstX));
    view.set((firstTime + secondTime) / 2 - ((firstX + secondX) / 2) * perPixel, perPixel * width);
  }
  function finish(event) {
    if (!pointers.delete(event.pointerId) || !gesture) return;
    const { kind, isMoving, time } = gesture;
    const x = insideX(xOf(event));
    if (kind === "pinch") {
      if (!pointers.size) cancel();
      return;
    }
    cancel();
    if (!isMoving) {
      const at = clampTime(time);
      if (performance.now() - clickedAt > DOUBLE_CLICK_MS) wasPlaying = Boolean(player?.playing);
      clickedAt = performance.now();
      tell("instrunet:seek", { time: at, play: true });
      sendHover(at);
      return;
    }
    const [start, end] = [clampTime(time), clampTime(toTime(x))].sort((a, b) => a - b);
    if (kind === "zoom") view.set(start, end - start);
    else if (kind === "loop") tell("instrunet:loop", { start, end });
  }
  function cancel() {
    gesture = null;
    pointers.clear();
    band.hidden = true;
    view.isHeld = false;
  }

  plot.addEventListener("pointerdown", begin);
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerup", finish);
  plot.addEventListener("pointercancel", cancel);
  plot.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") setHover(null); });
  plot.addEventListener("dblclick", (event) => {
    event.preventDefault();
    if (!wasPlaying && player?.playing) tell("instrunet:toggle"); // its clicks were not meant to play
    view.showAll();
  });
  plot.addEventListener("wheel", (event) => {
    const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (event.ctrlKey || event.metaKey) view.zoom(Math.exp(-event.deltaY * 0.01), toTime(insideX(xOf(event))));
    else if (isSideways && !view.isWhole) view.set(view.start + (event.deltaX / width) * view.length, view.length);
    else return;
    event.preventDefault();
  }, { passive: false });
  const onKey = (event) => { if (event.key === "Escape" && gesture) cancel(); };
  document.addEventListener("keydown", onKey);

  // What other parts of the app say.
  function turnPage(previous) {
    const hasJustLeft = previous !== null && previous >= view.start && previous <= view.end && player.time > view.end;
    if (player.playing && hasJustLeft && !gesture && !view.isWhole) view.set(player.time - view.length / 20, view.length);
  }
  const hears = {
    "instrunet:time": ({ detail }) => {
      const previous = player ? player.time : null;
      player = { time: detail.time, playing: Boolean(detail.playing) };
      showLoop(detail.loop ?? null);
      turnPage(previous);
      placeLine(playhead, player.time);
      if (hoverTime === null && previous !== player.time) sendPlayhead(player.time);
    },
    "instrunet:view": ({ detail }) => actions[detail.action]?.(),
  };
  function showLoop(range) {
    if (loop?.start === range?.start && loop?.end === range?.end) return;
    loop = range;
    draw();
  }
  function attach() {
    const found = el.closest(".instrunet-app");
    if (found === root) return;
    detach();
    root = found;
    loopButton.hidden = root === null;
    for (const [name, listener] of Object.entries(hears)) root?.addEventListener(name, listener);
    tell("instrunet:ask"); // where the player is
  }
  function detach() {
    for (const [name, listener] of Object.entries(hears)) root?.removeEventListener(name, listener);
    root = null;
  }

  const sizes = new ResizeObserver(() => {
    attach();
    layer.style.top = `${toolbar.offsetHeight + 8}px`;
    width = plot.clientWidth;
    draw();
    if (width && width !== model.get("plot_width")) {
      model.set("plot_width", width);
      model.save_changes();
    }
  });
  sizes.observe(plot);
  sizes.observe(toolbar);

  // The kernel's changes, and the scale of the charts.
  const follow = () => { if (!view.isOurs) view.adopt(); };
  const keepScale = () => { if (view.isOurs) view.moveScale(); };
  for (const name of ["view_start", "view_end", "duration"]) model.on(`change:${name}`, follow);
  let isGone = false;
  const reference = String(model.get("scale")).replace(/^IPY_MODEL_|^anywidget:/, "");
  model.widget_manager.get_model(reference).then((scale) => {
    if (isGone) return;
    view.scale = scale;
    scale.on("change:min", keepScale);
    scale.on("change:max", keepScale);
  });
  draw();

  return () => {
    isGone = true;
    sizes.disconnect();
    detach();
    document.removeEventListener("keydown", onKey);
    view.scale?.off("change:min", keepScale);
    view.scale?.off("change:max", keepScale);
    for (const name of ["view_start", "view_end", "duration"]) model.off(`change:${name}`, follow);
  };
}

export default { render };
