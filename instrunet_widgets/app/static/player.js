// Controls of a Playback.
const LOADING = "Preparing sound...";
const PLAY = "M8 5.5v13l10.5-6.5z";
const PAUSE = ["M8.5 5.5v13", "M15.5 5.5v13"];
const SPEAKER = "M4 9.5v5h3.5l4.5 4v-13l-4.5 4z";
const WAVES = ["M15.5 9a4.2 4.2 0 0 1 0 6", "M18 6.5a7.8 7.8 0 0 1 0 11"];
const CROSSED = ["M16 9.5l5 5", "M21 9.5l-5 5"];
const LOOP = ["M7 7h9a4 4 0 0 1 4 4v1", "M10 4L7 7l3 3", "M17 17H8a4 4 0 0 1-4-4v-1", "M14 20l3-3-3-3"];

function formatTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pad = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

function formatTenths(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${formatTime(Math.floor(tenths / 10))}.${tenths % 10}`;
}

function setText(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

function makeControls() {
  const button = (name) => make("button", { type: "button", class: `instrunet-button instrunet-player-${name}` });
  const controls = {
    label: make("p", { class: "instrunet-player-label", dir: "auto" }),
    play: button("play"),
    time: make("span", { class: "instrunet-player-time" }),
    position: make("input", { type: "range", min: 0, step: "any", class: "instrunet-player-position" }),
    status: make("span", { class: "instrunet-player-status", role: "status" }),
    loop: button("loop"),
    mute: button("mute"),
    volume: make("input", { type: "range", min: 0, max: 1, step: 0.05, class: "instrunet-player-volume" }),
    failure: make("p", { class: "instrunet-player-failure", role: "alert" }),
    hint: make("p", { class: "instrunet-player-hint" }),
  };
  controls.position.setAttribute("aria-label", "Position");
  controls.volume.setAttribute("aria-label", "Volume");
  controls.loopText = make("span", {});
  controls.loop.append(makeIcon(...LOOP), controls.loopText, make("span", { "aria-hidden": "true" }, "\u00d7"));
  return controls;
}

function renderPlayer(model, el, signal, playback) {
  const controls = makeControls();
  const { label, play, time, position, status, loop, mute, volume, failure, hint } = controls;
  const row = make("div", { class: "instrunet-player-row" }, play, time, position, status, loop, mute, volume);
  const group = make("div", { class: "instrunet-player", role: "group" }, label, row, failure, hint);
  el.append(group);
  let icons = "";

  function draw() {
    const isSilent = playback.sound.status === "none";
    group.hidden = isSilent && !model.get("hint");
    for (const part of [label, row, failure]) part.hidden = isSilent;
    hint.hidden = !isSilent;
    setText(hint, model.get("hint"));
    if (isSilent) return;
    group.setAttribute("aria-label", model.get("label") ? `Player: ${model.get("label")}` : "Player");
    label.hidden = !model.get("label");
    setText(label, model.get("label"));
    drawTime();
    drawLoop();
    drawIcons();
    const { status: soundStatus, fraction, sentence } = playback.sound;
    const percent = fraction == null ? "" : ` ${Math.floor(fraction * 100)} %`;
    setText(status, soundStatus === "loading" && playback.wantsToPlay ? LOADING + percent : "");
    failure.hidden = soundStatus !== "failed";
    setText(failure, sentence);
  }

  function drawTime() {
    const { time: now, duration } = playback;
    setText(time, `${formatTime(now)} / ${formatTime(duration)}`);
    position.max = duration || 1;
    position.value = Math.min(now, duration || 1);
    position.setAttribute("aria-valuetext", `${formatTime(now)} of ${formatTime(duration)}`);
    position.style.setProperty("--filled", `${(100 * Math.min(now, duration)) / (duration || 1)}%`);
  }

  function drawLoop() {
    const range = playback.loop;
    loop.hidden = !range;
    if (!range) return;
    const isWhole = [range.start, range.end].every((time) => Math.abs(time - Math.round(time)) < 0.05);
    const write = range.end - range.start < 10 && !isWhole ? formatTenths : (time) => formatTime(Math.round(time));
    const text = `Loop ${write(range.start)}-${write(range.end)}`;
    setText(controls.loopText, text);
    loop.setAttribute("aria-label", `${text}, stop looping`);
    loop.title = "Stop looping";
  }

  function drawIcons() {
    const { muted, volume: loudness } = playback.audio;
    volume.value = muted ? 0 : loudness;
    volume.style.setProperty("--filled", `${100 * volume.value}%`);
    const wanted = `${playback.wantsToPlay} ${muted || !loudness}`;
    if (wanted === icons) return;
    icons = wanted;
    play.replaceChildren(playback.wantsToPlay ? makeIcon(...PAUSE) : makeIcon(PLAY));
    play.setAttribute("aria-label", playback.wantsToPlay ? "Pause" : "Play");
    play.title = playback.wantsToPlay ? "Pause (Space)" : "Play (Space)";
    const isOff = muted || !loudness;
    mute.replaceChildren(makeIcon(SPEAKER, ...(isOff ? CROSSED : WAVES)));
    mute.setAttribute("aria-label", isOff ? "Sound on" : "Mute");
    mute.title = isOff ? "Sound on" : "Mute";
  }

  play.addEventListener("click", () => playback.toggle());
  position.addEventListener("input", () => playback.seek(Number(position.value)));
  loop.addEventListener("click", () => {
    playback.setLoop(null);
    play.focus();
  });
  mute.addEventListener("click", () => {
    const { audio } = playback;
    audio.muted = !(audio.muted || !audio.volume);
    if (!audio.muted && !audio.volume) audio.volume = 1;
  });
  volume.addEventListener("input", () => {
    playback.audio.muted = false;
    playback.audio.volume = Number(volume.value);
  });
  playback.audio.addEventListener("volumechange", draw, { signal });
  playback.views.add(draw);
  signal.addEventListener("abort", () => playback.views.delete(draw));
  whenAttached(el, signal, (root) => root && playback.join(root, signal));
  draw();
}

export default () => {
  let playback;
  return {
    initialize({ model }) {
      playback = new Playback(model);
      return () => playback.close();
    },
    render({ model, el, signal }) {
      const controller = new AbortController();
      signal?.addEventListener("abort", () => controller.abort());
      renderPlayer(model, el, controller.signal, playback);
      return () => controller.abort();
    },
  };
};
