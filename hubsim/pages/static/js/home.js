// Starts, stops, makes and deletes the visitor's servers.
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

// Named servers: a table, if the hub has them.
const table = document.querySelector(".server-table");

// ask sends DELETE for the server of a row, whose buttons rest meanwhile.
async function ask(row, body) {
  const buttons = row.querySelectorAll(".btn");
  for (const b of buttons) {
    b.ariaDisabled = "true";
  }
  const done = await hub.api("DELETE", row.dataset.url, body);
  for (const b of buttons) {
    b.ariaDisabled = null;
  }
  return done;
}

table?.addEventListener("click", async (event) => {
  const button = event.target.closest(".stop-server, .start-server, .delete-server");
  if (!button) {
    return;
  }
  const row = button.closest(".home-server-row");
  if (button.ariaDisabled === "true") {
    event.preventDefault();
    return;
  }
  if (button.matches(".stop-server")) {
    event.preventDefault();
    if (await ask(row)) {
      for (const running of row.querySelectorAll(".stop-server, .server-link")) {
        running.classList.add("hidden");
      }
      for (const stopped of row.querySelectorAll(".start-server, .delete-server")) {
        stopped.classList.remove("hidden");
      }
      row.querySelector(".start-server").focus();
    }
  }
  if (button.matches(".delete-server")) {
    const name = row.dataset.serverName;
    if (confirm(`Are you sure you want to delete your server "${name}"?`) && (await ask(row, { remove: true }))) {
      row.remove();
    }
  }
});

// slug makes of a typed name one that can be part of an address everywhere.
function slug(typed) {
  const words = typed.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-");
  const name = words.replace(/^[^a-z]+/, "").slice(0, 30).replace(/-+$/, "");
  return name || "server";
}

// addServer goes where the server is started, or makes it and starts nothing, as the hub's release has it.
async function addServer() {
  const typed = table.querySelector(".new-server-name").value.trim();
  const button = table.querySelector(".new-server-btn");
  if (!typed) {
    location.href = button.dataset.spawn;
    return;
  }
  if (!table.dataset.put) {
    location.href = `${button.dataset.spawn}/${encodeURIComponent(typed)}`;
    return;
  }
  button.disabled = true;
  if (await hub.api("PUT", `${table.dataset.put}/${slug(typed)}`, { display_name: typed })) {
    location.reload();
  } else {
    button.disabled = false;
  }
}

table?.querySelector(".new-server-btn").addEventListener("click", addServer);
table?.querySelector(".new-server-name").addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    addServer();
  }
});
tellTimes();
hub.loaded();
