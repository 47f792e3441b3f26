// What the tests have besides Playwright's own: a hub for each worker, as configured at the start of each test, and people who are logged in.
import { test as base } from "@playwright/test";
import { connect } from "hubsim";

export { expect } from "@playwright/test";

export const test = base.extend({
  workerHub: [
    async ({}, use, worker) => {
      const program = await connect(process.env.HUBSIM_ADMIN);
      const hub = await program.isolated(`worker-${worker.workerIndex}`);
      await use(hub);
      await hub.close();
    },
    { scope: "worker" },
  ],

  hub: async ({ workerHub }, use) => {
    await workerHub.reset();
    await use(workerHub);
  },

  /** person(name) opens a browser of their own, logged in, and gives its page. */
  person: async ({ browser, hub }, use) => {
    const contexts = [];
    await use(async (name) => {
      const context = await browser.newContext();
      contexts.push(context);
      await context.addCookies(await hub.login(name));
      return context.newPage();
    });
    await Promise.all(contexts.map((c) => c.close()));
  },
});
