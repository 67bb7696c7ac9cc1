// A strip of paper that runs from right to left under a line that says "now". What is on it stays where it was put, so that a
// frame costs one transform.

const AHEAD_PART = 0.28; // of the width, right of "now"
const FIRST_NOW_PART = 0.06; // where "now" begins: nothing was before it
const LABEL_PX = 36;
const NARROW_PX = 560;
const LONGEST_STRIP_SECONDS = 900; // a strip that never began anew would be a million pixels long after a day

/** `now` is in Unix seconds of this device. */
export function createTimeline(element, now) {
  let epoch = now();
  const strip = child(element, "strip");
  child(element, "veil");
  child(element, "now");
  const axis = child(element, "axis");
  const marks = []; // { node, from, to? }
  let bars = 0;
  let current = null;
  const shades = new Map();
  const bornAt = now();
  let nowPart = 0;
  let spanSeconds = 0;
  let pxPerSecond = 0;

  function measure() {
    const width = element.clientWidth;
    const span = width < NARROW_PX ? 24 : 48;
    pxPerSecond = width / span;
    if (span !== spanSeconds) drawAxis((spanSeconds = span));
    for (const mark of marks) place(mark);
    draw();
  }

  function drawAxis(span) {
    const step = 5;
    const past = Math.floor((span * (1 - AHEAD_PART)) / step) * step;
    const labels = [];
    for (let at = -past; at <= span; at += step) {
      const label = document.createElement("span");
      label.textContent = at === 0 ? "now" : `${at > 0 ? "+" : "−"}${Math.abs(at)} s`;
      label.style.left = `${(at / span) * 100}%`;
      label.dataset.at = String(at);
      labels.push(label);
    }
    axis.replaceChildren(...labels);
    nowPart = 0; // their places are asked for anew
  }

  function place({ node, from, to }) {
    node.style.left = `${(from - epoch) * pxPerSecond}px`;
    if (to !== undefined) node.style.width = `${Math.max(2, (to - from) * pxPerSecond)}px`;
  }

  function add(className, from, to, title) {
    const mark = { node: child(strip, className), from, to };
    if (title) mark.node.title = title;
    marks.push(mark);
    place(mark);
    return mark;
  }

  function supersede() {
    if (!current) return;
    const lived = Math.min(1, (now() - current.from) / (current.to - current.from));
    current.lived.style.width = `${lived * 100}%`;
    current = null;
  }

  function draw() {
    if (now() - epoch > LONGEST_STRIP_SECONDS) {
      epoch = now();
      for (const mark of marks) place(mark);
    }
    moveNow();
    const past = now() - epoch;
    strip.style.transform = `translateX(${element.clientWidth * nowPart - past * pxPerSecond}px)`;
    for (const shade of shades.values()) {
      shade.to = now();
      place(shade);
    }
    const oldest = now() - spanSeconds;
    while (marks.length && (marks[0].to ?? marks[0].from) < oldest - spanSeconds) marks.shift().node.remove();
  }

  /** Until there is a past to fill it, "now" goes to the right and the strip stands still. */
  function moveNow() {
    const part = Math.min(1 - AHEAD_PART, FIRST_NOW_PART + (now() - bornAt) / spanSeconds);
    if (part === nowPart) return;
    nowPart = part;
    element.style.setProperty("--now", `${part * 100}%`);
    const width = element.clientWidth;
    for (const label of axis.children) {
      const x = width * part + Number(label.dataset.at) * pxPerSecond;
      label.hidden = x < LABEL_PX / 2 || x > width - LABEL_PX / 2; // one that the edge would cut
    }
  }

  new ResizeObserver(measure).observe(element);
  measure();

  return {
    draw,
    /** A new access token has taken the place of the one before. */
    token({ source, title, expiresAt }) {
      supersede();
      const from = now();
      const bar = add("bar", from, Math.max(from + 1, expiresAt ?? from + 3600), title);
      bar.node.dataset.source = source;
      bar.node.dataset.lane = bars++ % 2;
      bar.lived = child(bar.node, "lived");
      current = bar;
    },
    /** There is no access token any more. */
    end(title) {
      supersede();
      add("mark end", now(), undefined, title);
    },
    mark: (kind, title) => void add(`mark ${kind}`, now(), undefined, title),
    /** A time that was different: from now until `unshade`, or a past one. */
    shade(kind, label, from = now(), to = undefined) {
      const shade = add(`shade ${kind}`, from, to ?? from, label);
      child(shade.node, "label").textContent = label;
      if (to === undefined) shades.set(kind, shade);
    },
    unshade: (kind) => void shades.delete(kind),
  };
}

function child(parent, className) {
  const node = document.createElement("div");
  node.className = className;
  return parent.appendChild(node);
}
