// The frame of the app: name, theme, and what all of the page needs (time links, labels for sliders).
const THEME_KEY = "instrunet-theme";

function whenConnected(el, then) {
  let tries = 0;
  const look = () => {
    const root = el.closest(".instrunet-app");
    if (root) then(root);
    else if (tries++ < 600) requestAnimationFrame(look);
  };
  look();
}

function storedTheme() {
  try { return localStorage.getItem(THEME_KEY); } catch { return null; }
}

function systemIsDark() {
  const jupyter = document.body.dataset.jpThemeLight;
  if (jupyter !== undefined && !document.body.dataset.voila) return jupyter === "false";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function applyTheme(root, isDark) {
  root.classList.toggle("in-dark", isDark);
  root.classList.toggle("in-light", !isDark);
  if (document.body.dataset.voila) {  // the page is ours
    document.body.classList.toggle("in-dark", isDark);
    document.body.classList.toggle("in-light", !isDark);
    document.body.dataset.jpThemeLight = String(!isDark);
  }
}

// ipywidgets gives slider handles no name; take that of the setting they stand in.
function nameControls(root) {
  for (const box of root.querySelectorAll(".in-setting")) {
    const title = box.querySelector("h3")?.textContent ?? "";
    for (const handle of box.querySelectorAll(".noUi-handle")) handle.setAttribute("aria-label", title);
    for (const readout of box.querySelectorAll(".widget-readout")) readout.setAttribute("aria-label", title + ", number");
    const radios = box.querySelector(".widget-radio-box");
    if (radios) { radios.setAttribute("role", "radiogroup"); radios.setAttribute("aria-label", title); }
  }
}

export default {
  render({ model, el }) {
    el.classList.add("in-header");
    const brand = document.createElement("div");
    brand.className = "in-brand";
    const mark = document.createElement("span");
    mark.className = "in-mark";
    mark.setAttribute("aria-hidden", "true");
    for (let k = 0; k < 5; k++) mark.append(document.createElement("i"));
    const title = document.createElement("h1");
    title.textContent = "InstruNet";
    const line = document.createElement("p");
    line.textContent = "which instruments play, and when";
    brand.append(mark, title, line);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "in-theme";
    el.append(brand, button);

    const cleanUp = [];
    whenConnected(el, (root) => {
      const show = (isDark) => {
        applyTheme(root, isDark);
        button.textContent = isDark ? "☀ Light" : "☾ Dark";
        button.setAttribute("aria-label", isDark ? "Use the light colours" : "Use the dark colours");
      };
      const followed = () => { const kept = storedTheme(); show(kept ? kept === "dark" : systemIsDark()); };
      followed();
      button.addEventListener("click", () => {
        const isDark = !root.classList.contains("in-dark");
        try { localStorage.setItem(THEME_KEY, isDark ? "dark" : "light"); } catch { /* private window */ }
        show(isDark);
      });
      const media = matchMedia("(prefers-color-scheme: dark)");
      media.addEventListener("change", followed);
      const themeWatch = new MutationObserver(() => { if (!document.body.dataset.voila && !storedTheme()) followed(); });
      themeWatch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });

      const seek = (event) => {
        const target = event.target.closest?.("[data-seek]");
        if (!target || !root.contains(target)) return;
        const time = Number(target.dataset.seek);
        root.dispatchEvent(new CustomEvent("instrunet:seek", { detail: { time, play: true } }));
      };
      root.addEventListener("click", seek);
      // The pressed button goes away: the focus moves to the one that takes its place.
      const follow = (event) => {
        if (!event.target.closest?.(".in-analyze")) return;
        const cancel = () => root.querySelector(".in-progress-line button");
        const move = (tries) => {
          if (document.activeElement !== document.body && document.activeElement !== event.target) return;
          if (cancel()?.offsetParent) cancel().focus();
          else if (tries) setTimeout(move, 50, tries - 1);
        };
        setTimeout(move, 50, 20);
      };
      root.addEventListener("click", follow);

      let pending = 0;
      const watch = new MutationObserver(() => {
        cancelAnimationFrame(pending);
        pending = requestAnimationFrame(() => nameControls(root));
      });
      watch.observe(root, { childList: true, subtree: true });
      nameControls(root);
      cleanUp.push(() => {
        watch.disconnect(); themeWatch.disconnect();
        media.removeEventListener("change", followed); root.removeEventListener("click", seek);
        root.removeEventListener("click", follow);
      });
    });
    return () => cleanUp.forEach((undo) => undo());
  },
};
