import { defineConfig } from "@playwright/test";

export default defineConfig({
  testMatch: "*.spec.js",
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  globalSetup: "./hub-setup.js",
  reporter: "line",
  timeout: 60_000,
  expect: { timeout: 20_000 },
  use: {
    // The browser that is there already, if one is named; else Playwright's own.
    launchOptions: process.env.E2E_BROWSER ? { executablePath: process.env.E2E_BROWSER, args: ["--no-sandbox"] } : {},
    trace: "retain-on-failure",
  },
});
