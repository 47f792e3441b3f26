// Keeps the address's fragment across a launch: browsers carry it through the
// redirects that follow. Follows the link by itself where the hub says so.
"use strict";

const start = document.getElementById("start");

if (start) {
  start.setAttribute("href", start.getAttribute("href") + location.hash);
  if (start.dataset.follow) {
    setTimeout(() => start.click(), start.dataset.follow);
  }
}
hub.loaded();
