// A grid of cards: each is a button that tells which one was opened. It keeps its place while its pictures change.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".thaw-grid");
  if (root.dataset.shown !== data.stamp) {
    root.innerHTML = data.html;
    root.dataset.shown = data.stamp;
  }
  root.onclick = (event) => {
    const card = event.target.closest("[data-open]");
    if (card) setTriggerValue("opened", card.dataset.open);
  };
}
