// Asks the kernel every few seconds whether it is there.
const PING_EVERY = 4000; // ms
const MAX_UNANSWERED = 3;
const LOST =
  "The connection to InstruNet's kernel was lost. Reload the page to go on; results that were not exported are gone.";

// A kernel that works on something else answers later. JupyterLab and Voila know whether it does.
function isOnlyBusy(model) {
  const manager = model.widget_manager;
  const kernel = manager?.kernel ?? manager?.context?.sessionContext?.session?.kernel;
  return kernel?.status === "busy" && kernel.connectionStatus === "connected";
}

function startHeart(model, draw) {
  let nUnanswered = 0;
  const beat = () => {
    if (document.hidden) {
      nUnanswered = 0; // browsers slow down the clocks of hidden pages
      return;
    }
    if (nUnanswered >= MAX_UNANSWERED && !isOnlyBusy(model)) draw(true);
    nUnanswered += 1;
    try {
      model.send({ type: "ping" });
    } catch {
      // Unanswered, too.
    }
  };
  model.on("msg:custom", (message) => {
    if (message.type !== "pong") return;
    nUnanswered = 0;
    draw(false);
  });
  return setInterval(beat, PING_EVERY);
}

export default () => {
  const views = new Set();
  return {
    initialize({ model }) {
      const clock = startHeart(model, (isLost) => views.forEach((draw) => draw(isLost)));
      return () => clearInterval(clock);
    },
    render({ el }) {
      const reload = make("button", { type: "button", class: "instrunet-button" }, "Reload");
      reload.addEventListener("click", () => location.reload());
      const banner = make("div", { class: "instrunet-lost", role: "alert" });
      el.classList.add("instrunet-heartbeat");
      el.append(banner);
      const draw = (isLost) => {
        if (isLost === banner.hasChildNodes()) return;
        banner.replaceChildren(...(isLost ? [make("p", {}, LOST), reload] : []));
      };
      views.add(draw);
      return () => views.delete(draw);
    },
  };
};
