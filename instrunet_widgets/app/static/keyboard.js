// Keys that work anywhere in an app, unless what has the focus needs them itself.
function needsKey(target, key) {
  const isIn = (selectors) => target.isContentEditable || Boolean(target.closest(selectors));
  if (isIn("input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select, pre")) return true;
  if (/^Arrow|^Home$|^End$/.test(key)) {
    return isIn("[type=range], [type=radio], [role=slider], [role=tab], [role=radio], [role=listbox]");
  }
  const pressed = "button, a[href], summary, [type=checkbox], [type=radio], [type=button]";
  return key === " " && isIn(`${pressed}, [role=button], [role=tab], [role=radio], [role=listbox]`);
}

const isVoilaPage = () =>
  document.body.dataset.voila !== undefined && document.querySelectorAll(".instrunet-app").length === 1;

function listenForKeys(root, playback, signal) {
  const show = (action) => root.dispatchEvent(new CustomEvent("instrunet:view", { detail: { action } }));
  const actions = {
    " ": () => playback.toggle(),
    ArrowLeft: () => playback.seek(playback.time - SECONDS_PER_KEY),
    ArrowRight: () => playback.seek(playback.time + SECONDS_PER_KEY),
    Home: () => playback.seek(0),
    End: () => playback.seek(playback.duration),
    "+": () => show("in"),
    "=": () => show("in"),
    "-": () => show("out"),
  };
  const actionsWithShift = { ArrowLeft: () => show("left"), ArrowRight: () => show("right") };
  const onKey = (event) => {
    const action = (event.shiftKey && actionsWithShift[event.key]) || actions[event.key];
    if (!action || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const isOwnSlider = event.target.classList?.contains("instrunet-player-position");
    if (!isOwnSlider && needsKey(event.target, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!(event.repeat && event.key === " ")) action();
  };
  root.addEventListener("keydown", onKey, { signal });
  // A click between the controls takes the focus into the app.
  if (!root.hasAttribute("tabindex")) root.tabIndex = -1;
  // JupyterLab would take letters and arrows for commands to the notebook around: "dd" deletes the cell. It looks at
  // what has the focus before it looks at what that stands in.
  const keepKeys = (element) => element.setAttribute("data-lm-suppress-shortcuts", "true");
  keepKeys(root);
  if (root.contains(document.activeElement)) keepKeys(document.activeElement);
  root.addEventListener("focusin", (event) => keepKeys(event.target), { signal });
  // On a page of its own nothing has the focus at first.
  const onPageKey = (event) => event.target === document.body && isVoilaPage() && onKey(event);
  document.addEventListener("keydown", onPageKey, { signal });
}
