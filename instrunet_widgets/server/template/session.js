// Warns before the session ends for want of use, and leaves the page when it has ended.
(() => {
  "use strict";
  const LOOK_EVERY = 10_000; // ms
  const WARN_BEFORE = 60_000;
  const place = document.getElementById("session-end");
  const base = place.dataset.baseUrl;
  const url = `${base}instrunet/session`;
  const ask = window.fetch.bind(window);
  let longest = 0;
  let clock = 0;

  async function look(options = {}) {
    clearTimeout(clock);
    let wait = LOOK_EVERY;
    try {
      const answer = await ask(url, { cache: "no-store", ...options });
      if (answer.ok) {
        const left = 1000 * (await answer.json()).seconds_left;
        if (left <= 0) return location.replace(`${base}login?reason=ended`);
        longest = Math.max(longest, left);
        place.hidden = left > Math.min(WARN_BEFORE, longest / 4);
        wait = Math.min(wait, left / 4 + 500);
      } else if (answer.status === 403) {
        return location.replace(`${base}login?reason=ended`);
      }
    } catch {
      // The server cannot be reached now; the app itself says so.
    }
    clock = setTimeout(look, wait);
  }

  place.querySelector("button").addEventListener("click", () => {
    const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "";
    look({ method: "POST", headers: { "X-XSRFToken": decodeURIComponent(token) } });
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) look(); });
  clock = setTimeout(look, 2000);
})();
