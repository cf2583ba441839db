// Streamlit's text area hands its text over when it loses the focus, or at Ctrl+Enter. Press that whenever typing pauses.
export default function ({ data }) {
  const box = document.querySelector(`.st-key-${data.key} textarea`);
  if (!box || box.dataset.live) return;
  box.dataset.live = "yes";
  let timer;
  const later = (event) => {
    clearTimeout(timer);
    if (event.isComposing) return; // a sign that is still being put together
    const enter = { key: "Enter", code: "Enter", ctrlKey: true, bubbles: true, cancelable: true };
    timer = setTimeout(() => box.dispatchEvent(new KeyboardEvent("keydown", enter)), data.pause);
  };
  box.addEventListener("input", later);
  box.addEventListener("compositionend", later);
}
