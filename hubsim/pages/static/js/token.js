// Makes and revokes tokens, and tells times as people do.
"use strict";

const page = document.getElementById("token-page");
const tokensURL = page.dataset.url;
const area = document.getElementById("token-area");
const result = document.getElementById("token-result");

document.getElementById("request-token-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const value = (id) => document.getElementById(id).value.trim();
  const body = {
    note: value("token-note") || "Requested via token page",
    expires_in: Number(value("token-expiration-seconds")) || null,
  };
  const scopes = value("token-scopes").split(/[\s,]+/).filter(Boolean);
  if (scopes.length > 0) {
    body.scopes = scopes;
  }
  const reply = await hub.api("POST", tokensURL, body);
  if (reply) {
    result.textContent = reply.token;
    area.classList.remove("hidden");
  }
});

for (const button of document.querySelectorAll(".revoke-token-btn")) {
  button.addEventListener("click", async () => {
    const row = button.closest(".token-row");
    button.disabled = true;
    if (await hub.api("DELETE", `${tokensURL}/${encodeURIComponent(row.dataset.tokenId)}`)) {
      row.remove();
    } else {
      button.disabled = false;
    }
  });
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const month = 30 * day;
const year = 365 * day;

// Each unit counts up to its limit; one of it is told with an article.
const units = [
  { limit: 45, one: "a few seconds", size: 0 },
  { limit: 45 * minute, one: "a minute", size: minute, many: "minutes" },
  { limit: 22 * hour, one: "an hour", size: hour, many: "hours" },
  { limit: 26 * day, one: "a day", size: day, many: "days" },
  { limit: 320 * day, one: "a month", size: month, many: "months" },
  { limit: Infinity, one: "a year", size: year, many: "years" },
];

function relative(seconds) {
  const far = Math.abs(seconds);
  const unit = units.find((u) => far < u.limit);
  const count = unit.size ? Math.round(far / unit.size) : 1;
  const words = count <= 1 ? unit.one : `${count} ${unit.many}`;
  return seconds > 0 ? `in ${words}` : `${words} ago`;
}

// The hub's clock may be another than the browser's.
const now = page.dataset.now ? Number(page.dataset.now) : Date.now();
for (const cell of document.querySelectorAll("td.time-col")) {
  const time = Date.parse(cell.textContent);
  if (!Number.isNaN(time)) {
    cell.title = cell.textContent;
    cell.textContent = relative((time - now) / 1000);
  }
}
hub.loaded();
