(() => {
  "use strict";

  const every = Number(document.body.dataset.every) * 1000;
  const told = document.getElementById("connection");
  const pause = document.getElementById("pause");
  let isPaused = false;
  let failures = 0;
  let timer = 0;

  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Resume" : "Pause";
    if (!isPaused) refresh();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  schedule();

  function schedule() {
    clearTimeout(timer);
    timer = setTimeout(refresh, every * Math.min(1 + failures, 5));
  }

  async function refresh() {
    clearTimeout(timer);
    if (isPaused) return;
    if (!document.hidden && !isSelecting()) {
      try {
        const answer = await fetch(location.pathname + location.search, { cache: "no-store", signal: AbortSignal.timeout(10000) });
        if (!answer.ok) throw new Error(answer.status === 404 ? "this is not there any more" : `the server answered ${answer.status}`);
        const next = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (next.body.dataset.version !== document.body.dataset.version) return location.reload();
        if (!isPaused) show(next);
        failures = 0;
        tell("");
      } catch (error) {
        failures += 1;
        const why = error.name === "TypeError" || error.name === "TimeoutError" ? "the server does not answer" : error.message;
        tell(`Not up to date: ${why}. What is below was true at ${document.querySelector("time").textContent} UTC.`);
      }
    }
    if (!isPaused) schedule();
  }

  function show(next) {
    document.title = next.title;
    document.getElementById("icon").href = next.getElementById("icon").getAttribute("href");
    become(document.getElementById("page"), next.getElementById("page"));
  }

  // Changes only what differs, so that focus, scrolling, open details and a pointer's place stay as they are.
  function become(now, next) {
    if (now.hasAttribute("data-keep")) return;
    for (const { name } of [...now.attributes]) if (!next.hasAttribute(name) && name !== "open") now.removeAttribute(name);
    for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    const kept = new Set([...next.children].map((child) => child.id));
    for (const child of [...now.children]) if (child.id && !kept.has(child.id)) child.remove();
    const known = new Map([...now.children].filter((child) => child.id).map((child) => [child.id, child]));
    let at = now.firstChild;
    for (const wanted of [...next.childNodes]) {
      let found = wanted.id ? known.get(wanted.id) : undefined;
      if (!found && at && !at.id && !wanted.id && at.nodeName === wanted.nodeName) found = at;
      if (!found) {
        now.insertBefore(document.adoptNode(wanted), at);
        continue;
      }
      if (found === at) at = at.nextSibling;
      else now.insertBefore(found, at);
      if (found.nodeType === Node.ELEMENT_NODE) become(found, wanted);
      else if (found.nodeValue !== wanted.nodeValue) found.nodeValue = wanted.nodeValue;
    }
    while (at) {
      const rest = at.nextSibling;
      at.remove();
      at = rest;
    }
  }

  function isSelecting() {
    const selection = getSelection();
    return selection !== null && !selection.isCollapsed;
  }

  function tell(text) {
    if (told.textContent !== text) told.textContent = text;
    told.hidden = !text;
  }
})();
