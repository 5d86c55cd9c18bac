// A button that plays a short sound. The kernel makes it when it is first asked for.
const format = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export default {
  render({ model, el }) {
    el.classList.add("in-sound");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "instrunet-button";
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", "Position");
    const time = document.createElement("span");
    time.className = "in-sound-time";
    el.append(button, bar, time);
    const audio = new Audio();
    let url = "";
    let isWaiting = false;

    const show = () => {
      const isPlaying = isWaiting || !audio.paused;
      button.textContent = `${isPlaying ? "■ Stop" : "▶"} ${model.get("label")}`;
      const length = Number.isFinite(audio.duration) ? audio.duration : 0;
      bar.hidden = time.hidden = !length;
      bar.value = length ? audio.currentTime / length : 0;
      time.textContent = length ? `${format(audio.currentTime)} of ${format(length)}` : "";
    };
    const stop = () => { isWaiting = false; audio.pause(); audio.currentTime = 0; show(); };
    const forget = () => {
      isWaiting = false;
      audio.pause();
      audio.removeAttribute("src");
      audio.load();
      if (url) URL.revokeObjectURL(url);
      url = "";
      show();
    };
    const play = () => audio.play().catch(() => { time.hidden = false; time.textContent = "cannot be played here"; });
    button.addEventListener("click", () => {
      if (isWaiting || !audio.paused) return stop();
      if (url) return play();
      isWaiting = true;
      show();
      model.send({ type: "sound" });
    });
    const receive = (message, buffers) => {
      if (!isWaiting) return;
      isWaiting = false;
      if (message.type === "failed") {
        show();
        time.hidden = false;
        time.textContent = message.sentence;
        return;
      }
      url = URL.createObjectURL(new Blob([buffers[0]], { type: "audio/wav" }));
      audio.src = url;
      play();
    };
    for (const name of ["play", "pause", "ended", "timeupdate", "loadedmetadata"]) audio.addEventListener(name, show);
    model.on("msg:custom", receive);
    model.on("change:version", forget);
    model.on("change:label", show);
    show();
    return () => { model.off("msg:custom", receive); model.off("change:version", forget); model.off("change:label", show); forget(); };
  },
};
