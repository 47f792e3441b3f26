// Takes a form of options once, however often its button is pressed.
"use strict";

const form = document.getElementById("spawn_form");
let sent = false;

form.addEventListener("submit", (event) => {
  if (sent) {
    event.preventDefault();
  }
  sent = true;
});
// A page that the browser brings back from its memory can be sent again.
window.addEventListener("pageshow", () => {
  sent = false;
});
hub.loaded();
