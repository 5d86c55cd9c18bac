// The page around the app: its colours before anything is drawn, the start of its kernel, and a word when that fails.
window.instrunetPage = (() => {
  "use strict";
  const SLOW_AFTER = 10_000; // ms
  const GIVE_UP_AFTER = 120_000;
  const N_QUIET_FRAMES = 2;
  const OUTPUT_TYPE = "application/vnd.voila.cell-output+json";
  const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
  const lightSwitch = matchMedia("(prefers-color-scheme: dark)");
  const fetchNow = window.fetch.bind(window);
  const find = (id) => document.getElementById(id);

  const BUSY_WORDS = {
    all: "All places on this server are taken at the moment. This page tries again by itself: please leave it open.",
    own: "You have as many pages of InstruNet open as one person may have here. Close one of them, and this page goes on " +
      "by itself.",
    stopping: "The server is about to start anew. This page tries again by itself: please leave it open.",
  };
  let isBusy = false;
  let startedAt = performance.now(); // of what may take long

  function paint() {
    let kept = null;
    try { kept = localStorage.getItem("instrunet-theme"); } catch { /* forbidden: follow the system */ }
    const isDark = kept === "dark" || (kept !== "light" && lightSwitch.matches);
    const { body } = document;
    body.classList.toggle("in-dark", isDark);
    body.classList.toggle("in-light", !isDark);
    body.dataset.jpThemeLight = String(!isDark);
    body.dataset.jpThemeName = isDark ? "JupyterLab Dark" : "JupyterLab Light";
  }

  // The app's own switch changes the class; scroll bars follow the root element.
  function paintScrollBars() {
    document.documentElement.style.colorScheme = document.body.classList.contains("in-dark") ? "dark" : "light";
  }

  function fail(reason) {
    const { classList } = document.body;
    if (classList.contains("page-ready") || classList.contains("page-failed")) return;
    classList.add("page-failed");
    find("failure").hidden = false;
    find("failure-reason").textContent = reason;
    find("failure").querySelector("button").addEventListener("click", () => location.reload());
  }

  const whenParsed = new Promise((resolve) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve);
    else resolve();
  });

  // JupyterHub asks for the token of reading requests too.
  function askWithToken(path, options = {}) {
    const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "";
    return fetchNow(config.baseUrl + path, { ...options, headers: { "X-XSRFToken": decodeURIComponent(token) } });
  }

  const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

  async function askForKernel() {
    const answer = await askWithToken("instrunet/start", { method: "POST" });
    const reason = answer.status === 503 ? (await answer.json()).busy : null;
    if (reason) return { reason, seconds: Number(answer.headers.get("Retry-After")) || 10 };
    if (isBusy && answer.status === 403) location.reload(); // logged out meanwhile
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  // Where there is no place for another kernel now, the page says so and asks again.
  async function waitForKernel() {
    for (;;) {
      let answer;
      try {
        answer = await askForKernel();
      } catch (error) {
        if (!isBusy || !(error instanceof TypeError)) throw error;
        answer = { reason: "stopping", seconds: 10 }; // the server cannot be reached while it starts anew
      }
      isBusy = Boolean(answer.reason);
      if (!isBusy) return answer;
      await whenParsed;
      find("waiting-words").textContent = BUSY_WORDS[answer.reason] ?? BUSY_WORDS.all;
      await pause(1000 * answer.seconds);
    }
  }

  async function startKernel() {
    const { kernel, outputs } = await waitForKernel();
    startedAt = performance.now();
    performance.mark("instrunet-kernel");
    await whenParsed;
    for (const output of outputs) {
      const place = find("app").appendChild(document.createElement("div"));
      place.className = "page-output";
      const script = place.appendChild(document.createElement("script"));
      script.type = OUTPUT_TYPE; // Voila draws these
      script.textContent = JSON.stringify({ ...output, trusted: true });
    }
    return kernel;
  }

  const started = startKernel();
  started.catch(async () => {
    await whenParsed;
    fail("The Python process behind this page could not start, or ended. " + (find("account")
      ? "Please try again in a minute; if that does not help, tell whoever runs this server."
      : "The terminal that InstruNet was started from may say why."));
  });

  // Voila's scripts ask what became of the kernel; the answer waits until there is one.
  const pending = `/api/kernels/${config.kernelId}`;
  window.fetch = (request, options) => {
    const url = typeof request === "string" ? request : request.url ?? String(request);
    if (!url.split("?")[0].endsWith(pending)) return fetchNow(request, options);
    return started.then((kernel) => askWithToken(`api/kernels/${kernel}`));
  };

  // The app is shown when it has something in it and has stopped growing.
  async function awaitApp() {
    await whenParsed;
    let nQuiet = 0;
    const watch = new MutationObserver(() => { nQuiet = 0; });
    watch.observe(find("app"), { childList: true, subtree: true });
    const look = () => {
      if (document.body.classList.contains("page-failed")) return;
      nQuiet = document.querySelector("#app .instrunet-app button") ? nQuiet + 1 : 0;
      if (nQuiet <= N_QUIET_FRAMES) return requestAnimationFrame(look);
      watch.disconnect();
      document.body.classList.add("page-ready");
      performance.mark("instrunet-visible");
    };
    look();
  }

  const nothing = () => {};
  window.MathJax = { Hub: { Config: nothing, Configured: nothing, Queue: nothing, Register: { StartupHook: nothing } } };
  awaitApp();
  lightSwitch.addEventListener("change", paint);
  window.addEventListener("storage", paint);
  whenParsed.then(() => {
    paintScrollBars();
    new MutationObserver(paintScrollBars).observe(document.body, { attributeFilter: ["class"] });
  });
  const clock = setInterval(() => {
    if (isBusy) startedAt = performance.now();
    const waited = performance.now() - startedAt;
    if (document.body?.classList.contains("page-ready") || waited > GIVE_UP_AFTER) clearInterval(clock);
    if (waited > GIVE_UP_AFTER) fail("It took too long. The machine may be busy with something else.");
    else if (waited > SLOW_AFTER && find("waiting-words")) {
      find("waiting-words").textContent = "Still starting: the first start on a machine takes longest …";
    }
  }, 1000);
  return { paint, kernel: started };
})();
