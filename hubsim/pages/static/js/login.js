// Warns when the password would travel in the clear, and shows it on demand.
"use strict";

if (!window.isSecureContext) {
  document.getElementById("insecure-login-warning").classList.remove("hidden");
}

// Only the 6.0 profile has this button. Its name stays, since it says whether it is
// pressed; without this script it would do nothing, so it is hidden till now.
const toggle = document.getElementById("toggle_password_visibility");

if (toggle) {
  const password = document.getElementById("password_input");
  toggle.classList.remove("hidden");
  toggle.addEventListener("click", () => {
    const show = password.type === "password";
    password.type = show ? "text" : "password";
    toggle.ariaPressed = String(show);
  });
  // What was shown is not left to the browser's memory of filled-in texts.
  password.form.addEventListener("submit", () => {
    password.type = "password";
  });
}
hub.loaded();
