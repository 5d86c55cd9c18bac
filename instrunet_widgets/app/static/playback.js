// One <audio> per model, whatever number of views there is of it.
const LOADING = "Preparing sound...";
const SECONDS_PER_KEY = 5;
const REPORT_EVERY = 250; // ms
const SHORTEST_LOOP = 0.05; // s
const TYPE_OF_FORMAT = {
  WAV: "audio/wav",
  AIFF: "audio/aiff",
  FLAC: "audio/flac",
  MP3: "audio/mpeg",
  OGG: 'audio/ogg; codecs="vorbis"',
  Opus: 'audio/ogg; codecs="opus"',
  M4A: 'audio/mp4; codecs="mp4a.40.2"',
};

class Playback {
  constructor(model) {
    this.model = model;
    this.receiver = new Receiver(model);
    this.audio = new Audio();
    this.views = new Set();
    this.roots = new Map(); // app -> number of views in it
    this.reported = 0;
    model.on("msg:custom", (message) => this.receive(message));
    model.on("change:source_key", () => this.load(0));
    model.on("change:duration change:loop_start change:loop_end change:label change:hint", () => this.draw());
    const on = (name, listener) => this.audio.addEventListener(name, () => this.origin && listener());
    on("loadedmetadata", () => this.becomeReady());
    on("error", () => this.tryElsewhere());
    on("playing", () => this.follow());
    on("timeupdate", () => this.tick()); // goes on where the tab is hidden and animation frames stop
    on("seeked", () => this.tick());
    on("ended", () => this.finish());
    on("pause", () => this.becomePaused());
    this.load(model.get("position"));
  }

  // Sound: the browser's own file, else what the kernel has, else a preview that the kernel makes.

  load(time) {
    this.reset();
    this.time = time;
    this.wantsToPlay = false;
    const key = this.model.get("source_key");
    const file = globalThis.instrunetFiles?.get(key);
    if (!key) this.status = "none";
    else if (file) this.use(file, "file");
    else this.ask({ eager: true });
    this.report();
    this.draw();
    this.tell();
  }

  reset() {
    this.controller?.abort();
    this.controller = new AbortController();
    this.origin = "";
    this.request = "";
    this.needsPreview = false;
    this.fraction = null;
    this.sentence = "";
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = "";
  }

  use(blob, origin) {
    this.status = "loading";
    this.origin = origin;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(blob);
    this.audio.preload = "metadata";
    this.audio.src = this.url;
    this.draw();
  }

  ask({ eager }) {
    const plays = (name) => this.audio.canPlayType(TYPE_OF_FORMAT[name]);
    const formats = this.needsPreview ? [] : Object.keys(TYPE_OF_FORMAT).filter(plays);
    this.request = makeKey();
    this.fraction = null;
    this.status = eager ? "asleep" : "loading";
    this.model.send({ type: "sound", id: this.request, key: this.model.get("source_key"), eager, formats });
    this.asksForPreview = !formats.length;
    this.draw();
  }

  receive(message) {
    if (message.type === "seek") this.seek(message.time);
    else if (message.type === "play") this.play();
    else if (message.type === "pause") this.pause();
    if (!this.request || message.id !== this.request) return;
    if (message.type === "progress") this.fraction = message.fraction;
    else if (message.type === "failed") this.fail(message.sentence);
    else if (message.type === "offer") this.fetch(message);
    else if (message.type === "later") {
      this.request = "";
      if (this.wantsToPlay) this.ask({ eager: false });
    }
    this.draw();
  }

  async fetch(offer) {
    const { signal } = this.controller;
    const onProgress = (fraction) => {
      this.fraction = fraction;
      this.draw();
    };
    this.fraction = null;
    this.status = "loading";
    try {
      const blob = await this.receiver.fetch(offer, signal, onProgress);
      if (!signal.aborted) this.use(blob, this.asksForPreview ? "preview" : "kernel");
    } catch (error) {
      if (!signal.aborted) this.fail(`The sound cannot be played here: ${error.message}.`);
    }
  }

  becomeReady() {
    this.status = "ready";
    this.request = "";
    if (this.time) this.audio.currentTime = this.time;
    if (this.wantsToPlay) this.start();
    this.draw();
  }

  tryElsewhere() {
    if (this.origin === "preview") {
      this.fail("The sound cannot be played here: the browser cannot decode it.");
      return;
    }
    this.origin = "";
    this.needsPreview = true;
    this.ask({ eager: !this.wantsToPlay });
  }

  fail(sentence) {
    this.status = "failed";
    this.sentence = sentence;
    this.request = "";
    this.wantsToPlay = false;
    this.notice();
  }

  // What the user does

  get duration() {
    const length = this.model.get("duration") || this.audio.duration;
    return Number.isFinite(length) ? length : 0;
  }

  get loop() {
    const [start, end] = [this.model.get("loop_start"), this.model.get("loop_end")];
    return start == null || end == null || !(end - start > SHORTEST_LOOP) ? null : { start, end };
  }

  toggle() {
    if (this.wantsToPlay) this.pause();
    else this.play();
  }

  play() {
    if (this.status === "none") return;
    this.wantsToPlay = true;
    if (this.time >= this.duration - 0.05 && this.duration) this.seek(this.loop?.start ?? 0);
    if (this.status === "ready") this.start();
    else if (!this.request && this.status !== "loading") this.ask({ eager: false });
    else this.status = "loading";
    this.notice();
  }

  async start() {
    try {
      await this.audio.play();
    } catch (error) {
      if (error.name === "AbortError" || !this.origin) return; // paused, or another recording, in the meantime
      this.wantsToPlay = false;
      this.notice();
    }
  }

  pause() {
    this.wantsToPlay = false;
    this.audio.pause();
    this.notice();
  }

  // By the browser, for example because the headphones were unplugged.
  becomePaused() {
    if (this.status === "ready" && !this.audio.ended && !this.audio.seeking) this.wantsToPlay = false;
    this.notice();
  }

  seek(time) {
    if (!Number.isFinite(time)) return;
    this.time = Math.max(0, this.duration ? Math.min(time, this.duration) : time);
    if (this.status === "ready") this.audio.currentTime = this.time;
    this.notice();
  }

  setLoop(start, end) {
    const isOn = Number.isFinite(start) && end - start > SHORTEST_LOOP;
    this.model.set("loop_start", isOn ? Math.max(0, start) : null);
    this.model.set("loop_end", isOn ? end : null);
    this.model.save_changes();
    if (isOn && !(this.time >= start && this.time < end)) this.seek(start);
    this.draw();
  }

  // What time does

  follow() {
    cancelAnimationFrame(this.frame);
    const next = () => {
      if (this.audio.paused) return;
      this.tick();
      this.frame = requestAnimationFrame(next);
    };
    next();
  }

  tick() {
    if (this.status !== "ready" || this.audio.seeking) return;
    const { loop, time } = this;
    const now = this.audio.currentTime;
    if (loop && this.wantsToPlay && time < loop.end && now >= loop.end) {
      this.seek(loop.start);
      return;
    }
    this.time = now;
    this.notice();
  }

  finish() {
    const { loop } = this;
    if (loop && this.wantsToPlay && loop.end >= this.audio.duration - 0.1) {
      this.seek(loop.start);
      this.start();
      return;
    }
    this.wantsToPlay = false;
    this.time = this.duration || this.audio.currentTime;
    this.notice();
  }

  notice() {
    this.draw();
    this.tell();
    this.report();
  }

  draw() {
    for (const draw of this.views) draw();
  }

  tell() {
    const detail = { time: this.time, duration: this.duration, playing: this.wantsToPlay };
    for (const root of this.roots.keys()) root.dispatchEvent(new CustomEvent("instrunet:time", { detail }));
  }

  // To the kernel, now and then and always at the end.
  report() {
    if (this.reporting) return;
    const wait = Math.max(0, this.reported + REPORT_EVERY - performance.now());
    this.reporting = setTimeout(() => {
      this.reporting = 0;
      this.reported = performance.now();
      const position = Math.round(this.time * 1000) / 1000;
      if (position === this.model.get("position") && this.wantsToPlay === this.model.get("playing")) return;
      this.model.set("position", position);
      this.model.set("playing", this.wantsToPlay);
      this.model.save_changes();
    }, wait);
  }

  join(root, signal) {
    const on = (name, listener) => root.addEventListener(name, (event) => listener(event.detail ?? {}), { signal });
    const isFirst = !this.roots.get(root);
    this.roots.set(root, (this.roots.get(root) ?? 0) + 1);
    signal.addEventListener("abort", () => {
      const nLeft = this.roots.get(root) - 1;
      if (nLeft) this.roots.set(root, nLeft);
      else this.roots.delete(root);
    });
    if (!isFirst) return;
    on("instrunet:toggle", () => this.toggle());
    on("instrunet:loop", ({ start, end }) => this.setLoop(start, end));
    on("instrunet:seek", ({ time, play }) => {
      this.seek(time);
      if (play) this.play();
    });
    listenForKeys(root, this, signal);
    this.tell();
  }

  close() {
    this.reset();
    clearTimeout(this.reporting);
  }
}
