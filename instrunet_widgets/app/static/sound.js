// Where the sound comes from: the browser's own file, else what the kernel has, else a preview that the kernel makes.
const TYPE_OF_FORMAT = {
  WAV: "audio/wav",
  AIFF: "audio/aiff",
  FLAC: "audio/flac",
  MP3: "audio/mpeg",
  OGG: 'audio/ogg; codecs="vorbis"',
  Opus: 'audio/ogg; codecs="opus"',
  M4A: 'audio/mp4; codecs="mp4a.40.2"',
};

// status: "none", "asleep" (the kernel would have to work for it, so not before somebody wants to listen), "loading",
// "ready" or "failed". `player` has wantsToPlay, and is told of changes by becomeReady, fail and draw.
class Sound {
  constructor(model, audio, player) {
    Object.assign(this, { model, audio, player });
    this.receiver = new Receiver(model);
    this.close();
    model.on("msg:custom", (message) => this.receive(message));
    audio.addEventListener("loadedmetadata", () => this.origin && this.becomeReady());
    audio.addEventListener("error", () => this.origin && this.tryElsewhere());
  }

  open(key) {
    this.close();
    const file = globalThis.instrunetFiles?.get(key);
    if (file?.size) this.use(file, "file"); // a browser complains about an empty one where nobody reads it
    else if (key) this.ask({ eager: true });
  }

  close() {
    this.controller?.abort();
    this.controller = new AbortController();
    this.status = "none";
    this.origin = ""; // "file", "kernel" or "preview"
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

  // Somebody wants to listen.
  wake() {
    if (this.status === "none" || this.status === "ready" || this.status === "loading") return;
    if (this.request) this.status = "loading";
    else this.ask({ eager: false });
  }

  use(blob, origin) {
    this.status = "loading";
    this.origin = origin;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(blob);
    this.audio.preload = "metadata";
    this.audio.src = this.url;
    this.player.draw();
  }

  ask({ eager }) {
    const plays = (name) => this.audio.canPlayType(TYPE_OF_FORMAT[name]);
    const formats = this.needsPreview ? [] : Object.keys(TYPE_OF_FORMAT).filter(plays);
    this.request = makeKey();
    this.fraction = null;
    this.status = eager ? "asleep" : "loading";
    this.model.send({ type: "sound", id: this.request, key: this.model.get("source_key"), eager, formats });
    this.player.draw();
  }

  receive(message) {
    if (!this.request || message.id !== this.request) return;
    if (message.type === "progress") this.fraction = message.fraction;
    else if (message.type === "failed") this.fail(message.sentence);
    else if (message.type === "offer") this.fetch(message);
    else if (message.type === "later") {
      this.request = "";
      if (this.player.wantsToPlay) this.ask({ eager: false });
    }
    this.player.draw();
  }

  async fetch(offer) {
    const { signal } = this.controller;
    const onProgress = (fraction) => {
      this.fraction = fraction;
      this.player.draw();
    };
    this.fraction = null;
    this.status = "loading";
    try {
      const blob = await this.receiver.fetch(offer, signal, onProgress);
      if (!signal.aborted) this.use(blob, this.needsPreview ? "preview" : "kernel");
    } catch (error) {
      if (!signal.aborted) this.fail(`The sound cannot be played here: ${error.message}.`);
    }
  }

  becomeReady() {
    this.status = "ready";
    this.request = "";
    this.player.becomeReady();
  }

  tryElsewhere() {
    if (this.origin === "preview") {
      this.fail("The sound cannot be played here: the browser cannot decode it.");
      return;
    }
    this.origin = "";
    this.needsPreview = true;
    this.ask({ eager: !this.player.wantsToPlay });
  }

  fail(sentence) {
    this.status = "failed";
    this.sentence = sentence;
    this.request = "";
    this.player.fail();
  }
}
