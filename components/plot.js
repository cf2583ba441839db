// A Plotly chart that stays on its node: Plotly.react keeps zoom, hover and legend between updates.
const nodes = new WeakMap();
let library = null;

function plotly(url) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  library ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => done(window.Plotly);
    script.onerror = () => failed(new Error("The chart library could not be loaded."));
    document.head.appendChild(script);
  });
  return library;
}

// Colours are written as "@blue", "@blue/0.1" (see-through) or "@blue%0.1" (mixed into the background, so that
// Plotly can choose a legible text colour on it). They follow the theme.
function colour(value, style) {
  const found = /^@([a-z-]+)(?:([/%])([0-9.]+))?$/.exec(value);
  if (!found) return value;
  const base = style.getPropertyValue(`--st-${found[1]}-color`).trim() || "#888888";
  if (!found[2]) return base;
  const share = Number(found[3]);
  const top = channels(base);
  if (found[2] === "/") return `rgba(${top.join(",")},${share})`;
  const under = channels(style.getPropertyValue("--st-background-color").trim() || "#ffffff");
  return `rgb(${top.map((c, i) => Math.round(c * share + under[i] * (1 - share))).join(",")})`;
}

const known = new Map();

function channels(css) {
  if (!known.has(css)) known.set(css, painted(css));
  return known.get(css);
}

// Painting is the only way to have any colour of CSS in numbers, and it is slow.
function painted(css) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.fillStyle = css;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

function themed(value, key, style) {
  if (typeof value === "string") return /color/i.test(key) ? colour(value, style) : value;
  if (Array.isArray(value)) return /color/i.test(key) ? value.map((v) => themed(v, key, style)) : value;
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, themed(v, k, style)]));
  }
  return value;
}

function dressed(figure, style) {
  const grid = colour("@text/0.10", style);
  const axis = { gridcolor: grid, linecolor: grid, zerolinecolor: grid, automargin: true };
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style.getPropertyValue("--st-font").trim() || "sans-serif", size: 14, color: colour("@text", style) },
    margin: { l: 48, r: 14, t: 14, b: 44 }, hovermode: "closest", dragmode: "zoom",
    hoverlabel: { bgcolor: colour("@secondary-background", style), bordercolor: colour("@text/0.25", style), font: { color: colour("@text", style) } },
    modebar: { orientation: "v", bgcolor: "rgba(0,0,0,0)", color: colour("@text/0.4", style), activecolor: colour("@text", style) },
    ...themed(figure.layout, "", style),
  };
  layout.shapes = (figure.layout.shapes || []).map((s) => themed(s, "", style));
  layout.annotations = (figure.layout.annotations || []).map((a) => themed(a, "", style));
  for (const name of ["xaxis", "yaxis"]) layout[name] = { ...axis, ...themed(figure.layout[name] || {}, "", style) };
  const traces = figure.data.map((trace) => themed(trace, "", style));
  return { traces, layout };
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const node = parentElement.querySelector(".thaw-plot");
  const words = parentElement.querySelector(".thaw-plot-words");
  words.textContent = data.text;
  node.setAttribute("aria-label", data.title);
  node.style.height = `${data.height}px`;
  let state = nodes.get(node);
  if (!state) {
    state = { latest: data, send: setTriggerValue };
    nodes.set(node, state);
    // A chart that is just leaving the page has no size, and Plotly would complain of it.
    state.watch = new ResizeObserver(() => window.Plotly && node.data && node.clientWidth && window.Plotly.Plots.resize(node));
    state.watch.observe(node);
    state.scheme = window.matchMedia("(prefers-color-scheme: dark)");
  }
  state.latest = data;
  state.send = setTriggerValue;

  // A picture beside the pointer: the page sends it for the point that was hovered over.
  const tip = parentElement.querySelector(".thaw-plot-tip");
  const showTip = () => {
    const sent = state.latest.tip;
    const fits = sent && state.over && sent.point === state.over.custom;
    tip.hidden = !fits;
    if (!fits) return;
    if (tip.src !== sent.picture) tip.src = sent.picture;
    tip.style.left = `${Math.min(state.over.x + 14, window.innerWidth - 150)}px`;
    tip.style.top = `${Math.max(8, state.over.y - 150)}px`;
  };
  showTip();

  const draw = (again) =>
    plotly(data.library).then((Plotly) => {
      const figure = JSON.stringify(state.latest.figure) + state.latest.height;
      if (!again && state.drawn === figure) return;
      const rest = (state.rested ?? 0) - performance.now();
      if (data.every && !again && rest > 0) {
        state.later ??= setTimeout(() => { state.later = null; draw(); }, rest);
        return;
      }
      state.drawn = figure;
      const began = performance.now();
      const { traces, layout } = dressed(state.latest.figure, getComputedStyle(node));
      layout.height = state.latest.height;
      return Plotly.react(node, traces, layout, {
        displaylogo: false, responsive: false, displayModeBar: "hover",
        modeBarButtonsToRemove: ["autoScale2d", "zoomIn2d", "zoomOut2d", ...(data.selects ? [] : ["select2d", "lasso2d"])],
      }).then(() => {
        state.rested = began + 20 * data.every * (performance.now() - began);
        if (state.bound) return;
        state.bound = true;
        node.on("plotly_click", (event) => {
          const point = event.points[0];
          state.send("clicked", { curve: point.curveNumber, index: point.pointIndex ?? null, custom: point.customdata ?? null });
        });
        if (data.selects) {
          node.on("plotly_hover", (event) => {
            const { customdata: custom } = event.points[0];
            state.over = { custom, x: event.event.clientX, y: event.event.clientY };
            showTip();
            clearTimeout(state.rest);
            state.rest = setTimeout(() => state.send("hovered", custom), 160);
          });
          node.on("plotly_unhover", () => { clearTimeout(state.rest); state.over = null; showTip(); });
        }
        node.on("plotly_selected", (event) => {
          if (event?.points?.length) state.send("selected", event.points.map((point) => point.customdata));
        });
      });
    }).catch((error) => { node.textContent = error.message; });

  draw();
  // Streamlit writes the theme into style variables: draw again when they change.
  if (!state.themeWatch) {
    const host = parentElement.host || parentElement;
    let last = getComputedStyle(node).getPropertyValue("--st-text-color");
    state.themeWatch = new MutationObserver(() => {
      const now = getComputedStyle(node).getPropertyValue("--st-text-color");
      if (now !== last) { last = now; draw(true); }
    });
    let outer = host;
    while (outer) {
      state.themeWatch.observe(outer, { attributes: true, attributeFilter: ["style", "class"] });
      outer = outer.parentElement;
    }
  }
  return () => {
    clearTimeout(state.later);
    state.watch.disconnect();
    state.themeWatch.disconnect();
    if (window.Plotly) window.Plotly.purge(node);
    nodes.delete(node);
  };
}
