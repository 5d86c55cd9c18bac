// One <audio> per model, whatever number of views there is of it.
const SECONDS_PER_KEY = 5;
const REPORT_EVERY = 250; // ms
const SHORTEST_LOOP = 0.05; // s

class Playback {
  constructor(model) {
    this.model = model;
    this.audio = new Audio();
    this.sound = new Sound(model, this.audio, this);
    this.views = new Set();
    this.roots = new Map(); // app -> number of views in it
    this.reported = 0;
    model.on("msg:custom", (message) => this.obey(message));
    model.on("change:source_key", () => this.change());
    model.on("change:duration change:label change:hint", () => this.draw());
    model.on("change:loop_start change:loop_end", () => this.notice());
    const on = (name, listener) => this.audio.addEventListener(name, () => this.isReady && listener());
    on("playing", () => this.follow());
    on("timeupdate", () => this.tick()); // goes on where the tab is hidden and animation frames stop
    on("seeked", () => this.tick());
    on("ended", () => this.finish());
    on("pause", () => this.becomePaused());
    this.load(model.get("position"));
  }

  change() {
    this.load(0);
    if (this.loop) this.setLoop(null); // it may have been set so late that the kernel has not heard of it
  }

  load(time) {
    this.time = time;
    this.wantsToPlay = false;
    this.sound.open(this.model.get("source_key"));
    this.notice();
  }

  get isReady() {
    return this.sound.status === "ready";
  }

  becomeReady() {
    if (this.time) this.audio.currentTime = this.time;
    if (this.wantsToPlay) this.start();
    this.draw();
  }

  fail() {
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

  obey(message) {
    if (message.type === "seek") this.seek(message.time);
    else if (message.type === "play") this.play();
    else if (message.type === "pause") this.pause();
  }

  toggle() {
    if (this.wantsToPlay) this.pause();
    else this.play();
  }

  play() {
    if (this.sound.status === "none") return;
    this.wantsToPlay = true;
    if (this.time >= this.duration - 0.05 && this.duration) this.seek(this.loop?.start ?? 0);
    if (this.isReady) this.start();
    else this.sound.wake();
    this.notice();
  }

  async start() {
    try {
      await this.audio.play();
    } catch (error) {
      if (error.name === "AbortError" || !this.isReady) return; // paused, or another recording, in the meantime
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
    if (!this.audio.ended && !this.audio.seeking) this.wantsToPlay = false;
    this.notice();
  }

  seek(time) {
    if (!Number.isFinite(time)) return;
    this.time = Math.max(0, this.duration ? Math.min(time, this.duration) : time);
    if (this.isReady) this.audio.currentTime = this.time;
    this.notice();
  }

  setLoop(start, end) {
    const isOn = Number.isFinite(start) && end - start > SHORTEST_LOOP;
    this.model.set("loop_start", isOn ? Math.max(0, start) : null);
    this.model.set("loop_end", isOn ? end : null);
    this.model.save_changes();
    if (isOn && !(this.time >= start && this.time < end)) this.seek(start);
    this.notice();
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
    if (!this.isReady || this.audio.seeking) return;
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
    const detail = { time: this.time, duration: this.duration, playing: this.wantsToPlay, loop: this.loop };
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
    on("instrunet:ask", () => this.tell());
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
    this.sound.close();
    clearTimeout(this.reporting);
  }
}
