// Follows the progress of a start.
"use strict";

const bar = document.getElementById("progress-bar");
const percent = document.getElementById("sr-progress");
const message = document.getElementById("progress-message");
const details = document.getElementById("progress-details");
const log = document.getElementById("progress-log");

const source = new URL(bar.dataset.url, location.href);
source.searchParams.set("_xsrf", window.jhdata.xsrf_token);
const events = new EventSource(source);

events.addEventListener("message", (event) => {
  const step = JSON.parse(event.data);
  if (step.progress !== undefined) {
    bar.ariaValueNow = step.progress;
    bar.style.width = `${step.progress}%`;
    percent.textContent = `${step.progress}%`;
  }
  // The text, not html_message: whatever a spawner says stays text.
  if (step.message) {
    message.textContent = step.message;
    const line = document.createElement("div");
    line.className = "progress-log-event";
    line.textContent = step.message;
    log.append(line);
  }
  if (step.ready) {
    events.close();
    location.reload();
  }
  if (step.failed) {
    events.close();
    bar.classList.add("bg-danger");
    details.open = true;
  }
});

// Refused for good, as when the start ended meanwhile: the page itself knows.
events.addEventListener("error", () => {
  if (events.readyState === EventSource.CLOSED) {
    setTimeout(() => location.reload(), bar.dataset.reload * 1000);
  }
});

// Only the 6.0 profile has this button.
const stop = document.getElementById("stop-server-btn");

if (stop) {
  const status = document.getElementById("stop-server-status");
  stop.classList.remove("hidden");
  stop.addEventListener("click", async () => {
    stop.disabled = true;
    status.textContent = "Stopping server...";
    if (await hub.api("DELETE", stop.dataset.url)) {
      status.textContent = "Server stopped successfully!";
      location.reload();
    } else {
      status.textContent = "The server was not stopped.";
      stop.disabled = false;
    }
  });
}
hub.loaded();
