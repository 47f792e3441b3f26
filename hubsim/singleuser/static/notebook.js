// Runs the cells of a notebook and the modules beside it. Everything lives in
// this block: cells share the page's globals with each other, not with us.
"use strict";
{
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const config = read("jupyter-config-data");
  const scripts = read("notebook-scripts") || {};
  const modules = read("notebook-modules") || [];

  // A run is done when its code has returned and nothing fetched is under way.
  // Which run a fetch belongs to cannot be told, so all of them wait for all.
  const runs = new Set();
  let pending = 0;

  function settle() {
    // Two turns of the event loop: time for what awaits the last answer to use
    // it, and to ask for the next.
    setTimeout(() => setTimeout(() => {
      if (pending > 0) {
        return;
      }
      for (const run of runs) {
        if (run.returned) {
          runs.delete(run);
          if (run.section.currentRun === run) {
            run.section.dataset.state = "done";
          }
        }
      }
    }));
  }

  function track(promise) {
    pending++;
    const settled = () => {
      pending--;
      settle();
    };
    promise.then(settled, settled);
    return promise;
  }

  const plainFetch = window.fetch;
  window.fetch = function fetch(...args) {
    return track(plainFetch.apply(this, args).then((reply) => {
      for (const method of ["arrayBuffer", "blob", "bytes", "formData", "json", "text"]) {
        const plain = reply[method];
        if (plain) {
          reply[method] = (...rest) => track(plain.apply(reply, rest));
        }
      }
      return reply;
    }));
  };

  function showError(element, err) {
    const line = document.createElement("p");
    line.className = "error";
    line.setAttribute("role", "alert");
    line.textContent = err instanceof Error ? `${err.name}: ${err.message}` : String(err);
    element.append(line);
  }

  // start opens a run with an output area of its own, so that a late answer to
  // an earlier run writes where nobody looks any more.
  function start(section) {
    const element = document.createElement("div");
    section.querySelector("div.output").replaceChildren(element);
    const run = { section, element, returned: false };
    section.currentRun = run;
    section.dataset.state = "running";
    runs.add(run);
    return run;
  }

  function finish(run) {
    run.returned = true;
    settle();
  }

  // A promise that nobody catches most likely comes from what was run last.
  window.addEventListener("unhandledrejection", (event) => {
    const run = [...runs].pop();
    if (run) {
      showError(run.element, event.reason);
    }
  });

  for (const section of document.querySelectorAll("section.cell.code")) {
    const script = scripts[section.dataset.cellIndex];
    if (script === undefined) {
      continue;
    }
    section.querySelector("button.run").addEventListener("click", () => {
      const run = start(section);
      try {
        new Function("element", script)(run.element);
      } catch (err) {
        showError(run.element, err);
      }
      finish(run);
    });
  }

  const sections = document.querySelectorAll("section.module");
  modules.forEach(async (url, i) => {
    const run = start(sections[i]);
    try {
      const module = await import(url);
      await (module.default ?? module.activate)(run.element, config);
    } catch (err) {
      showError(run.element, err);
    }
    finish(run);
  });
}
