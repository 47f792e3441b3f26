// Stops the visitor's server.
"use strict";

const stop = document.getElementById("stop");
const start = document.getElementById("start");

stop?.addEventListener("click", async (event) => {
  event.preventDefault();
  if (stop.ariaDisabled === "true") {
    return;
  }
  stop.ariaDisabled = start.ariaDisabled = "true";
  const stopped = await hub.api("DELETE", stop.dataset.url);
  stop.ariaDisabled = start.ariaDisabled = null;
  if (stopped) {
    stop.classList.add("hidden");
    document.getElementById("server-state").textContent = "Your server is not running.";
    start.textContent = "Start My Server";
    start.href = stop.dataset.spawn;
    start.focus();
  }
});

start.addEventListener("click", (event) => {
  if (start.ariaDisabled === "true") {
    event.preventDefault();
  }
});
hub.loaded();
