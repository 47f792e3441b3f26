// Warns when the password would travel in the clear.
"use strict";

if (!window.isSecureContext) {
  document.getElementById("insecure-login-warning").classList.remove("hidden");
}
hub.loaded();
