// Sends files to the kernel chunk by chunk. The queue belongs to the model; views only draw it.
const N_CHUNKS_AHEAD = 4;
const SLOW_AFTER = 10_000; // ms without an answer until the page says that it waits
const LOST_AFTER = 120_000;

function formatMegabytes(nBytes) {
  const megabytes = nBytes / 1e6;
  return megabytes < 10 ? megabytes.toFixed(1) : String(Math.round(megabytes));
}

const isFileDrag = (event) => Array.from(event.dataTransfer?.types ?? []).includes("Files");

class UploadQueue {
  constructor(model) {
    this.model = model;
    this.waiting = [];
    this.current = null;
    this.nDone = 0;
    this.notice = "";
    this.listeners = new Set();
    model.on("msg:custom", (message) => this.receive(message));
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  add(files) {
    this.notice = "";
    for (const file of files) this.waiting.push({ file, key: makeKey(), received: 0, heard: Date.now() });
    if (!this.current) this.run();
    this.changed();
  }

  async run() {
    this.nDone = 0;
    while ((this.current = this.waiting.shift())) {
      this.changed();
      await this.upload(this.current);
      this.nDone += 1;
    }
    this.changed();
  }

  async upload(item) {
    const { file, key } = item;
    const nAhead = N_CHUNKS_AHEAD * this.model.get("chunk_bytes");
    const name = { key, name: file.name };
    item.heard = Date.now();
    const clock = setInterval(() => this.watch(item), 1000);
    try {
      if (file.size) await file.slice(0, 1).arrayBuffer(); // a folder, or a file that is gone, shows here
      this.model.send({ type: "start", ...name, n_bytes: file.size });
      await this.wait(item, () => item.accepted);
      for (let offset = 0; offset < file.size && !item.over; ) {
        const chunk = await file.slice(offset, offset + this.model.get("chunk_bytes")).arrayBuffer();
        if (!item.over) this.model.send({ type: "chunk", key, offset }, undefined, [chunk]);
        offset += chunk.byteLength;
        await this.wait(item, () => offset - item.received < nAhead);
      }
      await this.wait(item, () => false);
    } catch (error) {
      if (!item.over) this.model.send({ type: "unreadable", ...name });
    } finally {
      clearInterval(clock);
    }
  }

  async wait(item, isTrue) {
    while (!item.over && !isTrue()) await new Promise((resolve) => (item.wake = resolve));
  }

  end(item) {
    item.over = true;
    item.wake?.();
  }

  receive(message) {
    const item = this.current;
    if (!item || message.key !== item.key) return;
    item.heard = Date.now();
    if (message.type === "received") {
      item.accepted = true;
      item.received = message.n_bytes;
      item.wake?.();
    } else {
      if (message.type === "done") (globalThis.instrunetFiles ??= new Map()).set(item.key, item.file);
      this.end(item);
    }
    this.changed();
  }

  watch(item) {
    const silence = Date.now() - item.heard;
    if (silence > LOST_AFTER) {
      this.notice = `${item.file.name} was not uploaded completely: InstruNet did not answer. Reload the page.`;
      this.tellCancelled(item);
      this.end(item);
    }
    if (item.isSlow !== silence > SLOW_AFTER) {
      item.isSlow = silence > SLOW_AFTER;
      this.changed();
    }
  }

  cancel() {
    this.waiting.length = 0;
    if (!this.current) return;
    this.tellCancelled(this.current);
    this.end(this.current);
  }

  tellCancelled(item) {
    try {
      this.model.send({ type: "cancel", key: item.key });
    } catch {
      // The kernel is gone, and its partial file with it.
    }
  }
}

function renderUploader(model, el, signal, queue) {
  const input = make("input", { type: "file", multiple: true, hidden: true, "aria-label": "Choose files" });
  const choose = make("button", { type: "button", class: "instrunet-button" }, "Choose files");
  const formats = make("p", { class: "instrunet-uploader-formats" });
  const idle = make(
    "div",
    { class: "instrunet-uploader-idle" },
    makeIcon("M12 15V4m0 0L7.5 8.5M12 4l4.5 4.5M4 14v4a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-4"),
    make("p", { class: "instrunet-uploader-title" }, "Drop audio here"),
    make("p", { class: "instrunet-uploader-or" }, "or ", choose),
    formats,
  );
  const name = make("p", { class: "instrunet-uploader-name", dir: "auto" });
  const bar = make("progress", { max: 1, "aria-label": "Upload" });
  const amount = make("span", {});
  const percent = make("span", { class: "instrunet-uploader-percent" });
  const cancel = make("button", { type: "button", class: "instrunet-button" });
  const busy = make(
    "div",
    { class: "instrunet-uploader-busy" },
    name,
    bar,
    make(
      "div",
      { class: "instrunet-uploader-foot" },
      make("p", { class: "instrunet-uploader-amount" }, percent, amount),
      cancel,
    ),
  );
  const notice = make("p", { class: "instrunet-uploader-notice", role: "status" });
  const zone = make("div", { class: "instrunet-uploader", role: "group", "aria-label": "Add recordings" });
  zone.append(input, idle, busy, notice);
  el.append(zone);

  function draw() {
    const item = queue.current;
    const hadFocus = zone.contains(document.activeElement);
    zone.classList.toggle("instrunet-compact", model.get("compact"));
    formats.textContent = model.get("formats");
    formats.title = model.get("formats");
    idle.hidden = Boolean(item);
    busy.hidden = !item;
    notice.hidden = !queue.notice;
    if (notice.textContent !== queue.notice) notice.textContent = queue.notice;
    if (item) drawItem(item);
    if (hadFocus && !zone.contains(document.activeElement)) (item ? cancel : choose).focus();
  }

  function drawItem({ file, received, isSlow }) {
    const fraction = file.size ? received / file.size : 1;
    const nFiles = queue.nDone + 1 + queue.waiting.length;
    name.textContent = nFiles > 1 ? `${queue.nDone + 1} of ${nFiles}: ${file.name}` : file.name;
    name.title = file.name;
    bar.value = fraction;
    percent.textContent = `${Math.floor(fraction * 100)} %`;
    amount.textContent = isSlow
      ? "Waiting for InstruNet to answer..."
      : `${formatMegabytes(received)} of ${formatMegabytes(file.size)} MB`;
    cancel.textContent = queue.waiting.length ? "Cancel all" : "Cancel";
  }

  choose.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    queue.add(Array.from(input.files));
    input.value = ""; // so that the same file can be chosen again
  });
  cancel.addEventListener("click", () => queue.cancel());
  model.on("change:compact change:formats", draw);
  queue.listeners.add(draw);
  signal.addEventListener("abort", () => queue.listeners.delete(draw));
  whenAttached(el, signal, (root) => acceptDrops(root ?? zone, zone, queue, signal));
  draw();
}

function acceptDrops(target, zone, queue, signal) {
  const mark = (isOver) => {
    target.classList.toggle("instrunet-dragging", isOver);
    zone.classList.toggle("instrunet-drop-here", isOver);
  };
  const listen = (name, listener) =>
    target.addEventListener(
      name,
      (event) => {
        if (!isFileDrag(event)) return;
        event.preventDefault();
        event.stopPropagation();
        listener(event);
      },
      { signal },
    );
  listen("dragenter", () => mark(true));
  listen("dragover", (event) => {
    event.dataTransfer.dropEffect = "copy";
    mark(true);
  });
  listen("dragleave", (event) => {
    if (!target.contains(event.relatedTarget)) mark(false);
  });
  listen("drop", (event) => {
    mark(false);
    queue.add(Array.from(event.dataTransfer.files));
  });
  // A file that misses the app would replace the page, and with it all results.
  for (const name of ["dragover", "drop"]) {
    window.addEventListener(
      name,
      (event) => {
        if (event.defaultPrevented || !isFileDrag(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "none";
      },
      { signal },
    );
  }
}

export default () => {
  let queue;
  return {
    initialize({ model }) {
      queue = new UploadQueue(model);
      const cancel = () => queue.cancel();
      window.addEventListener("pagehide", cancel);
      return () => window.removeEventListener("pagehide", cancel);
    },
    render({ model, el, signal }) {
      const controller = new AbortController();
      signal?.addEventListener("abort", () => controller.abort());
      renderUploader(model, el, controller.signal, queue);
      return () => controller.abort();
    },
  };
};
