// Where one side plays a story: its world on the servers, and its tabs as frames of this page.

/** `tell({ who, kind, text })` is called with each thing that happens on this stage. */
export async function createStage({ side, story, run, servers, tell }) {
  const init = { method: "POST", body: JSON.stringify(story.server ?? {}) };
  const created = await (await fetch(`${servers}/worlds`, init)).json();
  const world = { ...created, key: `demo:${run}:tour:${created.id}` };
  const frames = new Set();

  function crash() {
    for (const frame of frames) frame.remove();
    frames.clear();
  }

  return {
    /** A tab; with `alone`, a machine that shares neither storage nor locks with others. */
    async open(name, alone) {
      const frame = document.createElement("iframe");
      frame.className = "tab";
      frame.title = `${name} of the tour`;
      frame.setAttribute("aria-hidden", "true");
      frame.tabIndex = -1;
      frame.src = "/tour/frame.html";
      const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
      document.getElementById("tabs").append(frame);
      frames.add(frame);
      await loaded;
      const told = (kind, text) => frames.has(frame) && tell({ who: name, kind, text });
      return frame.contentWindow.openTab({ side, name, world, alone: Boolean(alone), tell: told });
    },
    server: (orders) => fetch(`${world.base}/tell`, { method: "POST", body: JSON.stringify(orders) }),
    say: (text) => tell({ who: "", kind: "told", text }),
    wait: (ms) => new Promise((over) => setTimeout(over, ms)),
    crash,
    close() {
      crash();
      for (const key of Object.keys(localStorage))
        if (key.startsWith(world.key)) localStorage.removeItem(key);
    },
  };
}
