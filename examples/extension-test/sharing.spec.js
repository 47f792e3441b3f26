import { expect, test } from "./hub.js";

/** The dialog on the page of sharer's server. */
const dialog = (page) => page.getByRole("region", { name: "Sharing" });
const people = (page) => dialog(page).getByRole("list", { name: "People with access" }).getByRole("listitem");

async function openServer(page, hub) {
  await page.goto(`${hub.url}user/sharer/`);
  const authorize = page.getByRole("button", { name: "Authorize" });
  await authorize.or(dialog(page)).first().waitFor();
  if (await authorize.isVisible()) await authorize.click();
  await expect(dialog(page)).toBeVisible();
}

test.beforeEach(({ hub }) => hub.startServer("sharer"));

test("a link brings somebody in, who is listed then", async ({ hub, person }) => {
  const sharer = await person("sharer");
  await openServer(sharer, hub);
  await dialog(sharer).getByRole("button", { name: "Make a link" }).click();
  await expect(dialog(sharer).getByLabel("Link")).toHaveValue(/\/hub\/accept-share\?code=/);
  const link = await dialog(sharer).getByLabel("Link").inputValue();

  const visitor = await person("shared-with");
  await visitor.goto(link);
  await visitor.getByRole("button", { name: "Accept invitation" }).click();
  await openServer(visitor, hub);

  await dialog(sharer).getByRole("button", { name: "Refresh" }).click();
  await expect(people(sharer)).toHaveText([/^shared-with /]);
});

test("a visitor is told that sharing is the owner's", async ({ hub, person }) => {
  await hub.share({ owner: "sharer", user: "shared-with" });
  const visitor = await person("shared-with");
  await openServer(visitor, hub);
  await expect(dialog(visitor).getByRole("status")).toHaveText("You may not share this server.");
});

test("who is removed has no access any more", async ({ hub, person }) => {
  await hub.share({ owner: "sharer", user: "shared-with" });
  const sharer = await person("sharer");
  await openServer(sharer, hub);
  await dialog(sharer).getByRole("button", { name: "Remove shared-with" }).click();
  await expect(people(sharer)).toHaveCount(0);

  const visitor = await person("shared-with");
  const answer = await visitor.goto(`${hub.url}user/sharer/`);
  expect(answer.status()).toBe(403);
});

test("more people than fit on a page are all listed", async ({ hub, person }) => {
  const names = Array.from({ length: 210 }, (_, i) => `student-${String(i).padStart(3, "0")}`);
  await hub.seed({ users: names.map((name) => ({ name })), shares: names.map((user) => ({ owner: "sharer", user })) });
  const sharer = await person("sharer");
  await openServer(sharer, hub);
  await expect(people(sharer)).toHaveCount(210);
});

test("a hub in trouble loses nothing", async ({ hub, person }) => {
  await hub.share({ owner: "sharer", user: "shared-with" });
  const sharer = await person("sharer");
  await openServer(sharer, hub);
  const broken = await hub.fault({ method: "PATCH", path: "/hub/api/shares/*", status: 503 });
  await dialog(sharer).getByRole("button", { name: "Remove shared-with" }).click();
  await expect(dialog(sharer).getByRole("status")).toHaveText("The hub did not do it (503). Try again.");
  await expect(people(sharer)).toHaveCount(1);
  await broken.remove();
  await dialog(sharer).getByRole("button", { name: "Remove shared-with" }).click();
  await expect(people(sharer)).toHaveCount(0);
});
