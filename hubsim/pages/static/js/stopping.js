// Looks again until the server has stopped.
"use strict";

const refresh = document.getElementById("refresh");

refresh.addEventListener("click", (event) => {
  event.preventDefault();
  location.reload();
});
setTimeout(() => location.reload(), refresh.dataset.reload * 1000);
hub.loaded();
