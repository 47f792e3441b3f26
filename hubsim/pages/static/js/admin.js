// Stops servers from the list of users.
"use strict";

document.querySelector(".admin-table")?.addEventListener("click", async (event) => {
  const stop = event.target.closest(".stop-server");
  if (!stop) {
    return;
  }
  event.preventDefault();
  if (stop.ariaDisabled === "true") {
    return;
  }
  const row = stop.closest(".user-row");
  stop.ariaDisabled = "true";
  const stopped = await hub.api("DELETE", row.dataset.url);
  stop.ariaDisabled = null;
  if (stopped) {
    for (const running of row.querySelectorAll(".stop-server, .open-server")) {
      running.classList.add("hidden");
    }
    row.querySelector(".state").textContent = "stopped";
    const start = row.querySelector(".start-server");
    start?.classList.remove("hidden");
    start?.focus();
  }
});
tellTimes();
hub.loaded();
