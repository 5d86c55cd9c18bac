// The colours that the app was given; without this script the page is light.
(() => {
  "use strict";
  const lightSwitch = matchMedia("(prefers-color-scheme: dark)");
  function paint() {
    let kept = null;
    try { kept = localStorage.getItem("instrunet-theme"); } catch { /* forbidden: follow the system */ }
    const isDark = kept === "dark" || (kept !== "light" && lightSwitch.matches);
    document.body.classList.toggle("in-dark", isDark);
    document.body.classList.toggle("in-light", !isDark);
    document.documentElement.style.colorScheme = isDark ? "dark" : "light";
  }
  paint();
  lightSwitch.addEventListener("change", paint);
  window.addEventListener("storage", paint);
})();
