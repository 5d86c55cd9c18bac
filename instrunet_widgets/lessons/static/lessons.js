// ipywidgets gives slider handles and fields no name: they take that of the knob they stand in.
function nameControls() {
  for (const box of document.querySelectorAll(".in-knob, .in-lesson .in-setting")) {
    const title = box.querySelector("h4, h3")?.textContent ?? "";
    for (const part of box.querySelectorAll(".noUi-handle, .widget-readout, select, input")) {
      if (part.getAttribute("aria-label") !== title) part.setAttribute("aria-label", title);
    }
    const radios = box.querySelector(".widget-radio-box");
    if (radios) radios.setAttribute("role", "radiogroup");
  }
  for (const field of document.querySelectorAll(".in-answer select, .in-answer input")) field.setAttribute("aria-label", "Your answer");
}

export default {
  render({ el }) {
    el.style.display = "none";
    let pending = 0;
    const later = () => { cancelAnimationFrame(pending); pending = requestAnimationFrame(nameControls); };
    const watch = new MutationObserver(later);
    const look = (tries) => {
      const card = el.closest(".in-lesson");
      if (card) watch.observe(card, { childList: true, subtree: true });
      else if (tries) requestAnimationFrame(() => look(tries - 1));
      later();
    };
    look(300);
    return () => { watch.disconnect(); cancelAnimationFrame(pending); };
  },
};
