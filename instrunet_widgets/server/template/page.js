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

  async function startKernel() {
    const answer = await askWithToken("instrunet/start", { method: "POST" });
    if (!answer.ok) throw new Error(String(answer.status));
    const { kernel, outputs } = await answer.json();
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
    fail("The Python process behind this page could not start, or ended. The terminal that InstruNet was started " +
      "from may say why.");
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
  setTimeout(() => {
    find("waiting-words").textContent = "Still starting: the first start on a machine takes longest …";
  }, SLOW_AFTER);
  setTimeout(() => fail("It took too long. The machine may be busy with something else."), GIVE_UP_AFTER);
  return { paint, kernel: started };
})();
