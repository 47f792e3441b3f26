// Makes and revokes tokens.
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

tellTimes();
hub.loaded();
