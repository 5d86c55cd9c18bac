// A click asks the kernel for something to copy or save. The button itself says how it went; a failure is a sentence.
const COPY = ["M9 9h10.5v10.5H9z", "M6 15H4.5V4.5H15V6"];
const SAVE = ["M12 4v11m0 0l-4.5-4.5M12 15l4.5-4.5", "M4.5 19.5h15"];
const CHECK = "M5 12.5l4.5 4.5L19 7.5";
const SHOW_DONE_FOR = 3000; // ms
const SHOW_BUSY_AFTER = 400;

// Asks for something; a promise of its Blob and its name.
function request(model, receiver, onProgress) {
  const id = makeKey();
  return new Promise((resolve, reject) => {
    const listen = async (message) => {
      if (message.id !== id || !["offer", "failed"].includes(message.type)) return;
      model.off("msg:custom", listen);
      if (message.type === "failed") {
        reject(new Error(message.sentence));
        return;
      }
      try {
        resolve({ name: message.name, blob: await receiver.fetch(message, undefined, onProgress) });
      } catch (error) {
        reject(new Error(`This failed: ${error.message}. Try again.`));
      }
    };
    model.on("msg:custom", listen);
    model.send({ type: "make", id });
  });
}

// The click counts as the user's consent for a short while only, so promise the text before it is here.
async function copy(promise) {
  const text = promise.then(({ blob }) => blob.text());
  if (globalThis.ClipboardItem && navigator.clipboard?.write) {
    try {
      const typed = text.then((written) => new Blob([written], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": typed })]);
      return;
    } catch {
      await text; // its own failure goes to the user
    }
  }
  copyBySelection(await text);
}

// For pages that came over plain http, and browsers that refuse the above.
function copyBySelection(text) {
  const area = make("textarea", { class: "instrunet-unseen", readonly: true, "aria-hidden": "true", tabindex: "-1" });
  const focused = document.activeElement;
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  if (!isCopied) throw new Error("The browser did not allow copying; click again.");
}

async function save(promise) {
  const { name, blob } = await promise;
  const link = make("a", { download: name, hidden: true });
  link.href = URL.createObjectURL(blob);
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function renderButton(model, el, signal, receiver) {
  const isCopy = model.get("purpose") === "copy";
  const icon = makeIcon(...(isCopy ? COPY : SAVE));
  const label = make("span", {});
  const button = make("button", { type: "button", class: "instrunet-button" });
  const spoken = make("span", { class: "instrunet-unseen", role: "status" });
  const failure = make("span", { class: "instrunet-failure", role: "alert" });
  button.append(icon, label);
  el.append(make("div", { class: "instrunet-request" }, button, spoken, failure));
  let clock;

  const draw = () => {
    button.style.minWidth = "";
    button.replaceChildren(icon, label);
    label.textContent = model.get("label");
    button.disabled = model.get("disabled");
    spoken.textContent = "";
  };
  const say = (text, ...icons) => {
    button.style.minWidth = `${button.offsetWidth}px`; // nothing beside it moves
    button.replaceChildren(...icons, text);
    spoken.textContent = text;
  };

  let isBusy = false;
  button.addEventListener("click", async () => {
    if (isBusy) return;
    isBusy = true;
    clearTimeout(clock);
    draw();
    failure.textContent = "";
    clock = setTimeout(say, SHOW_BUSY_AFTER, "Preparing...");
    try {
      await (isCopy ? copy : save)(request(model, receiver));
      clearTimeout(clock);
      say(isCopy ? "Copied" : "Saved", makeIcon(CHECK));
      clock = setTimeout(draw, SHOW_DONE_FOR);
    } catch (error) {
      clearTimeout(clock);
      draw();
      failure.textContent = error.message;
    } finally {
      isBusy = false;
    }
  });
  model.on("change:label change:disabled", draw);
  signal.addEventListener("abort", () => {
    clearTimeout(clock);
    model.off("change:label change:disabled", draw);
  });
  draw();
}

export default () => {
  let receiver;
  return {
    initialize({ model }) {
      receiver = new Receiver(model);
    },
    render({ model, el, signal }) {
      const controller = new AbortController();
      signal?.addEventListener("abort", () => controller.abort());
      renderButton(model, el, controller.signal, receiver);
      return () => controller.abort();
    },
  };
};
