// What the hub's page scripts share: requests to the API and the error dialog.
"use strict";

const hub = {
  // api asks the hub's API in the visitor's name. A refusal is shown in the
  // dialog and gives null; an answer without a body gives {}.
  async api(method, url, body) {
    const target = new URL(url, location.href);
    target.searchParams.set("_xsrf", window.jhdata.xsrf_token);
    let status = 0;
    let message = "no answer";
    try {
      const reply = await fetch(target, {
        method,
        headers: body === undefined ? {} : { "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await reply.text();
      const data = text ? JSON.parse(text) : {};
      if (reply.ok) {
        return data;
      }
      status = reply.status;
      message = data.message || reply.statusText;
    } catch (err) {
      message = String(err.message || err);
    }
    hub.showError(`API request failed (${status}): ${message}`);
    return null;
  },

  showError(message) {
    const dialog = document.getElementById("error-dialog");
    dialog.querySelector(".ajax-error").textContent = message;
    if (!dialog.open) {
      dialog.showModal();
    }
  },

  // loaded tells tests that the page's handlers are in place.
  loaded() {
    window._jupyterhub_page_loaded = true;
  },
};

for (const button of document.querySelectorAll("#error-dialog [data-dismiss=modal]")) {
  button.addEventListener("click", () => document.getElementById("error-dialog").close());
}

// A link that looks like a button is expected to obey the space bar as well.
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches("a[role=button]")) {
    event.preventDefault();
    event.target.click();
  }
});

// An open menu closes when the focus or a click goes elsewhere.
for (const kind of ["focusin", "click"]) {
  document.addEventListener(kind, (event) => {
    for (const menu of document.querySelectorAll("details.dropdown[open]")) {
      if (!menu.contains(event.target)) {
        menu.open = false;
      }
    }
  });
}
