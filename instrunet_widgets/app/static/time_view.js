// The visible range and small tools of the time axis. Times are seconds.
const SEND_AFTER_MS = 120;
const OWN_VIEW_MS = 500; // how long a change of ours counts more than an older one that the kernel sends back

function formatTime(seconds, tenths = false) {
  const n = tenths ? Math.floor(seconds * 10 + 0.5) : Math.floor(seconds + 0.5) * 10;
  const hours = Math.floor(n / 36000), minutes = Math.floor(n / 600) % 60, rest = n % 600;
  const head = hours ? `${hours}:${String(minutes).padStart(2, "0")}` : `${minutes}`;
  return `${head}:${String(Math.floor(rest / 10)).padStart(2, "0")}${tenths ? `.${rest % 10}` : ""}`;
}

function make(tag, className, parent, attributes = {}) {
  const element = document.createElement(tag);
  element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  return element;
}

// Calls at most once in a while, and always with the latest value.
function throttle(milliseconds, call) {
  let last = 0, timer = 0;
  return (value) => {
    clearTimeout(timer);
    const wait = last + milliseconds - performance.now();
    const run = () => { last = performance.now(); call(value); };
    if (wait <= 0) run();
    else timer = setTimeout(run, wait);
  };
}

// The visible range: what the charts' scale shows, kept inside the recording.
class View {
  constructor(model, onChange) {
    this.model = model;
    this.onChange = onChange;
    this.changedAt = -Infinity;
    this.isHeld = false; // while a pointer moves it
    this.timer = 0;
    this.read();
  }
  get duration() { return this.model.get("duration"); }
  get length() { return this.end - this.start; }
  get isWhole() { return this.length >= this.duration - 1e-6; }
  get isOurs() { return this.isHeld || performance.now() - this.changedAt < OWN_VIEW_MS; }
  read() {
    this.start = this.model.get("view_start");
    this.end = this.model.get("view_end");
  }
  adopt() {
    this.read();
    this.onChange();
  }
  set(start, length) {
    const shortest = Math.min(this.model.get("shortest"), this.duration);
    length = Math.min(Math.max(length, shortest), this.duration);
    this.start = Math.min(Math.max(start, 0), this.duration - length);
    this.end = this.start + length;
    this.changedAt = performance.now();
    this.moveScale();
    this.onChange();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), SEND_AFTER_MS);
  }
  moveScale() {
    if (!this.scale) return;
    if (this.scale.get("min") !== this.start || this.scale.get("max") !== this.end)
      this.scale.set({ min: this.start, max: this.end });
  }
  send() {
    clearTimeout(this.timer);
    this.model.set({ view_start: this.start, view_end: this.end });
    this.model.save_changes();
  }
  zoom(factor, at) {
    const length = Math.min(Math.max(this.length / factor, this.model.get("shortest")), this.duration);
    this.set(at - ((at - this.start) / this.length) * length, length);
  }
  showAll() { this.set(0, this.duration); }
}
