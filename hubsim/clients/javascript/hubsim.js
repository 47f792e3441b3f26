// Starts and steers hubsim, a simulated hub, from tests. No dependencies; the types are in hubsim.d.ts, the endpoints behind the methods in the
// documentation of the program (hubsim/cmd/hubsim).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";

/** An answer of the control endpoints that is no success. */
export class HubsimError extends Error {
  constructor(status, message) {
    super(message);
    this.name = "HubsimError";
    this.status = status;
  }
}

/** Starts the program and resolves once its hub answers; see StartOptions. */
export async function start({
  command = [process.env.HUBSIM || "hubsim"],
  args = [],
  preset,
  config,
  env = {},
  timeout = 30_000,
  onLog,
} = {}) {
  const flags = [...command.slice(1), "--port", "0", ...(preset ? ["--preset", preset] : []), ...(config ? ["--config", "-"] : []), ...args];
  const child = spawn(command[0], flags, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  // A test runner that dies takes the program along.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const exited = once(child, "exit").finally(() => process.off("exit", kill));
  const failed = new Promise((_, reject) => child.once("error", reject));
  failed.catch(() => {});
  exited.catch(() => {});

  const tail = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    tail.push(line);
    if (tail.length > 50) tail.shift();
    onLog?.(line);
  });
  child.stdin.on("error", () => {}); // it ended before it read: its log says why
  child.stdin.end(config ? JSON.stringify(config) : "");

  let timer;
  try {
    const ready = await Promise.race([
      once(createInterface({ input: child.stdout }), "line").then(([line]) => JSON.parse(line)),
      failed,
      // Its last words may come after its end.
      exited.then(async ([code, signal]) => {
        if (!child.stderr.readableEnded) await once(child.stderr, "end").catch(() => {});
        throw new Error(`hubsim ended with ${signal ?? code} before it was ready:\n${tail.join("\n")}`);
      }),
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`hubsim was not ready after ${timeout} ms:\n${tail.join("\n")}`)), timeout);
      }),
    ]);
    const trust = ready.ca && (await readFile(ready.ca)); // of --tls self-signed
    return new Hub(ready, { ...token(args, config, env), trust, process: { child, exited } });
  } catch (err) {
    kill();
    if (err.code === "ENOENT") {
      throw new Error(`${command[0]} was not found: build hubsim, and name it in the variable HUBSIM or in the option "command"`, { cause: err });
    }
    throw err;
  } finally {
    clearTimeout(timer);
  }
}

/** The admin token that the program was given, however it was. */
function token(args, config, env) {
  const at = args.findIndex((a) => a === "--admin-token" || a.startsWith("--admin-token="));
  const flag = at < 0 ? undefined : args[at].includes("=") ? args[at].slice("--admin-token=".length) : args[at + 1];
  return { adminToken: flag ?? env.HUBSIM_ADMIN_TOKEN ?? process.env.HUBSIM_ADMIN_TOKEN ?? config?.admin_token };
}

/** Uses a hub that runs already: the address of its control endpoints is the "admin" of its ready line. */
export async function connect(admin, { adminToken = process.env.HUBSIM_ADMIN_TOKEN, ca = process.env.HUBSIM_CA } = {}) {
  const hub = new Hub({ admin, ca }, { adminToken, trust: ca && (await readFile(ca)) });
  Object.assign(hub, pick(await hub.control("GET", "info")));
  return hub;
}

const pick = ({ url, hub, api, admin }) => ({ url, hub, api, admin });

/** A certificate as the option of a request; none is what Node trusts anyway. */
const trusting = (trust) => (trust ? { ca: trust } : {});

/** One hub. Every method resolves once the hub has done it. */
export class Hub {
  #adminToken;
  #process;
  #program; // the address that every system can resolve
  #key;
  #trust; // the certificate to trust over https

  constructor(addresses, { adminToken, process, program = addresses.admin, key, trust } = {}) {
    Object.assign(this, pick(addresses));
    this.ca = addresses.ca;
    this.#trust = trust;
    this.#adminToken = adminToken;
    this.#process = process;
    this.#program = program;
    this.#key = key;
  }

  /** A hub of its own inside the same program, made from the same configuration at its first use; for one test worker, say. */
  async isolated(key) {
    const hub = new Hub({ ca: this.ca }, { adminToken: this.#adminToken, program: this.#program, key, trust: this.#trust });
    Object.assign(hub, pick(await hub.control("GET", "info")));
    return hub;
  }

  /**
   * fetch for paths on this hub, "/hub/api/user". For an isolated hub, whose host name only browsers are sure to find. Over https Node's fetch trusts the hub
   * only if NODE_EXTRA_CA_CERTS named its certificate when Node started; control and what rests on it do in any case.
   */
  fetch(path, init = {}) {
    const headers = new Headers(init.headers);
    if (this.#key) headers.set("X-Hubsim-Key", this.#key);
    return fetch(new URL(path, this.#program), { ...init, headers });
  }

  /** One request to a control endpoint; what the methods below do not cover. */
  control(method, path, body) {
    const url = new URL(path, this.#program);
    // Not fetch, which lets nobody say Host: the answers' addresses are those of the host that was asked.
    const headers = { Host: this.#key ? `${this.#key}.localhost:${url.port}` : url.host };
    if (this.#adminToken) headers.Authorization = `token ${this.#adminToken}`;
    let text;
    if (method !== "GET") {
      text = JSON.stringify(body ?? {});
      headers["Content-Type"] = "application/json";
      headers["Content-Length"] = Buffer.byteLength(text);
    }
    return new Promise((resolve, reject) => {
      const { request } = url.protocol === "https:" ? https : http;
      const req = request(url, { method, headers, ...trusting(this.#trust) }, async (res) => {
        try {
          let answer = "";
          res.setEncoding("utf8");
          for await (const chunk of res) answer += chunk;
          if (res.statusCode < 300) return resolve(answer === "" ? undefined : JSON.parse(answer));
          let message = answer;
          try {
            message = JSON.parse(answer).message ?? answer;
          } catch {
            // no JSON: as it is
          }
          reject(new HubsimError(res.statusCode, `${method} ${path}: ${message}`));
        } catch (err) {
          reject(err);
        }
      });
      req.on("error", reject);
      req.end(text);
    });
  }

  /** Cookies with which a browser is logged in as that user, as Playwright's context.addCookies takes them. */
  async login(user) {
    return (await this.control("POST", "login", { user })).cookies;
  }

  /** An API token; without scopes it may do whatever the user may. */
  async token(user, order = {}) {
    return (await this.control("POST", "tokens", { user, ...order })).token;
  }

  /** The token that a page of owner's server holds when user visits it. */
  async pageToken(user, owner, server = "") {
    return (await this.control("POST", "page-token", { user, owner, server })).token;
  }

  /** Adds users, groups, roles, servers, shares, share_codes; resolves to the secrets of what was made. */
  seed(what) {
    return this.control("POST", "seed", what);
  }

  /** Starts a server and waits until it is ready. */
  async startServer(user, name = "") {
    await this.control("POST", "servers", { user, name, state: "running" });
  }

  async stopServer(user, name = "") {
    await this.control("POST", "stop-server", { user, name });
  }

  /** Ends a server's process behind the hub's back. */
  async killServer(user, name = "") {
    await this.control("POST", "kill-server", { user, name });
  }

  /** Waits until a server is "ready", "stopped" or "failed". */
  async waitServer(user, state, { name = "", timeout = "30s" } = {}) {
    await this.control("GET", `wait?${new URLSearchParams({ server: `${user}/${name}`, state, timeout })}`);
  }

  /** Gives access, to a user or a group. */
  async share(order) {
    await this.control("POST", "shares", order);
  }

  /** Takes access away. */
  async revokeShare(order) {
    await this.control("POST", "revoke-share", order);
  }

  /** Makes a link for owner's server; resolves to its code and the address to follow. */
  async shareCode(owner, order = {}) {
    const made = (await this.control("POST", "share-codes", { owner, ...order })).share_codes[0];
    return { ...made, url: `${this.hub}accept-share?code=${encodeURIComponent(made.code)}` };
  }

  /** The hub's clock: what expires does so by it. */
  get clock() {
    return {
      now: async () => (await this.control("GET", "clock")).now,
      advance: async (by) => (await this.control("POST", "clock", { advance: by })).now,
      set: async (at) => (await this.control("POST", "clock", { set: at instanceof Date ? at.toISOString() : at })).now,
    };
  }

  /** Makes requests go wrong, until the fault is removed or used up. */
  async fault(rule) {
    const { id } = await this.control("POST", "faults", rule);
    return {
      id,
      release: async () => void (await this.control("POST", "release-fault", { id })),
      remove: async () => void (await this.control("POST", "remove-fault", { id })),
    };
  }

  /** The requests that reached the hub and its proxy, oldest first. */
  async requests(filter = {}) {
    return (await this.control("GET", `requests?${new URLSearchParams(filter)}`)).requests;
  }

  async forgetRequests() {
    await this.control("DELETE", "requests");
  }

  /** All that there is, without secrets. */
  state() {
    return this.control("GET", "state");
  }

  /** Back to the configuration; clock, faults and the record of requests as well. */
  async reset() {
    await this.control("POST", "reset");
  }

  /** Ends the hub: an isolated one, or the program if this process started it. */
  async close() {
    if (this.#key) {
      const all = new Hub({}, { adminToken: this.#adminToken, program: this.#program, trust: this.#trust });
      await all.control("POST", "end-key", { key: this.#key });
      return;
    }
    if (!this.#process) return;
    const { child, exited } = this.#process;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await exited.finally(() => clearTimeout(timer));
    }
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.close();
  }
}
