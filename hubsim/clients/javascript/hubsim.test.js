import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { connect, HubsimError, start } from "./hubsim.js";

let hub;
before(async () => {
  hub = await start();
});
after(() => hub.close());

/** A request to the REST API of a hub. */
const api = (at, path, token, init = {}) =>
  at.fetch(`/hub/api/${path}`, { ...init, headers: { Authorization: `token ${token}`, ...init.headers } });

test("a link is made, followed, and revoked", async () => {
  await hub.startServer("sharer");
  await hub.waitServer("sharer", "ready");
  const page = await hub.pageToken("sharer", "sharer");
  const made = await api(hub, "share-codes/sharer/", page, { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } });
  assert.equal(made.status, 200);
  assert.match((await made.json()).accept_url, /^\/hub\/accept-share\?code=/);

  await hub.share({ owner: "sharer", user: "shared-with" });
  const shares = await (await api(hub, "shares/sharer/", page)).json();
  assert.deepEqual(shares.items.map((s) => s.user.name), ["shared-with"]);

  await hub.revokeShare({ owner: "sharer", user: "shared-with" });
  assert.equal((await (await api(hub, "shares/sharer/", page)).json()).items.length, 0);
});

test("a hub over https is steered by the certificate that it made", async () => {
  const secure = await start({ args: ["--tls", "self-signed"] });
  try {
    assert.match(secure.url, /^https:/);
    assert.notEqual(await secure.token("sharer"), "");
    const again = await connect(secure.admin, { ca: secure.ca });
    assert.equal(again.url, secure.url);
    const own = await again.isolated("own");
    await own.close();
    await assert.rejects(connect(secure.admin), /certificate/);
  } finally {
    await secure.close();
  }
});

test("a link expires by the hub's clock", async () => {
  const { url } = await hub.shareCode("sharer", { expires_in: "2h" });
  const cookies = await hub.login("shared-with");
  const follow = () => fetch(url, { headers: { Cookie: cookies.map((c) => `${c.name}=${c.value}`).join("; ") } });
  assert.equal((await follow()).status, 200);
  const before = await hub.clock.now();
  const later = await hub.clock.advance("2h");
  assert.ok(Date.parse(later) - Date.parse(before) >= 7_200_000);
  assert.equal((await follow()).status, 404);
});

test("requests can go wrong, and are remembered", async () => {
  const token = await hub.token("sharer", { note: "for this test" });
  const broken = await hub.fault({ path: "/hub/api/user", status: 503 });
  assert.equal((await api(hub, "user", token)).status, 503);
  await broken.remove();
  assert.equal((await api(hub, "user", token)).status, 200);
  const seen = await hub.requests({ path: "/hub/api/user" });
  assert.deepEqual(seen.slice(-2).map((r) => r.status), [503, 200]);
  await hub.forgetRequests();
  assert.deepEqual(await hub.requests(), []);
});

test("hubs of one program are strangers to each other", async () => {
  const [one, other] = await Promise.all([hub.isolated("one"), hub.isolated("other")]);
  assert.match(one.url, /^http:\/\/one\.localhost:\d+\/$/);
  const token = await one.token("sharer");
  assert.equal((await api(one, "user", token)).status, 200);
  assert.equal((await api(other, "user", token)).status, 403);
  await one.clock.advance("1000h");
  assert.ok(Date.parse(await one.clock.now()) - Date.parse(await other.clock.now()) > 999 * 3_600_000);
  await one.close();
  const again = await hub.isolated("one");
  assert.equal((await api(again, "user", token)).status, 403, "it is made anew");
  await Promise.all([again.close(), other.close()]);
});

test("a hub that runs already can be used, and is put back", async () => {
  const same = await connect(hub.admin);
  assert.equal(same.url, hub.url);
  await same.seed({ users: [{ name: "ann" }], groups: [{ name: "class", users: ["ann"] }] });
  assert.ok((await same.state()).users.some((u) => u.name === "ann"));
  await same.reset();
  assert.ok(!(await hub.state()).users.some((u) => u.name === "ann"));
});

test("what is wrong is said", async () => {
  await assert.rejects(hub.token("nobody"), (err) => err instanceof HubsimError && err.status === 404 && /nobody|no such user/i.test(err.message));
  await assert.rejects(hub.clock.advance("yesterday"), /advance must be a duration/);
  await assert.rejects(start({ config: { uesrs: [] } }), /uesrs/);
  await assert.rejects(start({ command: ["no-such-program-anywhere"] }), /was not found: build hubsim/);
});
