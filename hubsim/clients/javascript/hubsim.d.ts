/** A simulated hub for tests; see the documentation of the program hubsim. */

/** A duration: seconds, or as Go writes it: "1h30m", "59.5s". */
export type Duration = number | string;

export interface StartOptions {
  /** The program and what comes before its flags. By default the variable HUBSIM, else "hubsim" on the PATH. */
  command?: string[];
  /** Further flags. */
  args?: string[];
  /** A ready situation by name; `hubsim --list-presets` lists them. */
  preset?: string;
  /** The configuration, with the keys of a configuration file. */
  config?: Config;
  /** Added to the program's environment. */
  env?: Record<string, string>;
  /** Milliseconds until the hub must answer; 30,000 by default. */
  timeout?: number;
  /** Gets each line of the log. */
  onLog?: (line: string) => void;
}

/** The keys of a configuration file; those that are not listed are in the program's documentation. */
export interface Config extends Seed {
  base_url?: string;
  profile?: "5.5" | "6.0";
  singleuser?: {
    kind?: "in-process" | "command" | "url";
    command?: string[];
    url?: string;
    env?: Record<string, string>;
    default_url?: string;
    /** The folder of modules, and those of them that the page of the stand-in server runs. */
    module_dir?: string;
    modules?: string[];
    oauth_client_allowed_scopes?: string[];
    server_token_scopes?: string[];
    [key: string]: unknown;
  };
  services?: Array<{ name: string; url?: string; api_token?: string; command?: string[]; [key: string]: unknown }>;
  auth?: { password?: string; allowed_users?: string[]; [key: string]: unknown };
  allow_named_servers?: boolean;
  extensions?: boolean;
  faults?: Fault[];
  clock?: string;
  admin_token?: string;
  [key: string]: unknown;
}

export interface Seed {
  users?: Array<{ name: string; admin?: boolean; tokens?: Array<TokenOrder & { token?: string }> }>;
  groups?: Array<{ name: string; users?: string[] }>;
  roles?: Array<{ name: string; description?: string; scopes?: string[]; users?: string[]; groups?: string[]; services?: string[] }>;
  servers?: Array<{ user: string; name?: string; state?: "running" | "stopped"; [key: string]: unknown }>;
  shares?: ShareOrder[];
  share_codes?: Array<{ owner: string } & ShareCodeOrder>;
}

export interface Seeded {
  tokens: Array<{ user: string; id: string; token: string }>;
  share_codes: ShareCode[];
}

export interface TokenOrder {
  /** None = whatever the user may do. */
  scopes?: string[];
  note?: string;
  expires_in?: Duration;
}

export type ShareOrder = {
  owner: string;
  /** "" or left out = the default server. */
  server?: string;
  /** None = access to the server. */
  scopes?: string[];
} & ({ user: string; group?: never } | { group: string; user?: never });

export interface ShareCodeOrder {
  server?: string;
  scopes?: string[];
  /** A minute to a year; a day by default. */
  expires_in?: Duration;
}

export interface ShareCode {
  owner: string;
  server: string;
  id: string;
  code: string;
}

/** A cookie, as Playwright's context.addCookies takes it. */
export interface Cookie {
  name: string;
  value: string;
  domain: string;
  path: string;
  /** Seconds since 1970; -1 = with the browser. */
  expires: number;
  httpOnly: boolean;
  secure: boolean;
  sameSite: "Lax" | "Strict" | "None";
}

/** What makes requests go wrong: which ones, and how. The program's documentation lists every key. */
export interface Fault {
  method?: string;
  /** As sent; * stands for anything. */
  path?: string;
  user?: string;
  actor?: "browser" | "token" | "server" | "service";
  nth?: number;
  times?: number;
  probability?: number;
  delay?: Duration;
  hang?: boolean;
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  cut?: boolean;
  /** A situation by its name, in place of the keys above, with parameters of its own. */
  scenario?: string;
  [key: string]: unknown;
}

export interface ActiveFault {
  readonly id: number;
  /** Lets go the requests that it holds. */
  release(): Promise<void>;
  remove(): Promise<void>;
}

export interface RequestFilter {
  method?: string;
  /** Exactly this path. */
  path?: string;
  actor?: string;
  status?: string;
  /** Those after the request of this id. */
  after?: string;
}

/** A request that the hub remembers. */
export interface RecordedRequest {
  id: number;
  method: string;
  path: string;
  status: number;
  [key: string]: unknown;
}

export interface Clock {
  now(): Promise<string>;
  /** Moves it forward; resolves to what it says then. */
  advance(by: string): Promise<string>;
  /** Sets it; it stands from then on. */
  set(at: string | Date): Promise<string>;
}

/** An answer of the control endpoints that is no success. */
export class HubsimError extends Error {
  readonly status: number;
}

/** Starts the program and resolves once its hub answers. It ends with close, or with this process. */
export function start(options?: StartOptions): Promise<Hub>;

/** Uses a hub that runs already: the address of its control endpoints is the "admin" of its ready line, and over https the file of its certificate the "ca". */
export function connect(admin: string, options?: { adminToken?: string; ca?: string }): Promise<Hub>;

/** One hub. Every method resolves once the hub has done it, and rejects with a HubsimError that says what was wrong. */
export class Hub implements AsyncDisposable {
  private constructor();
  /** The hub's base, with a slash at its end. */
  readonly url: string;
  /** Where its pages lie. */
  readonly hub: string;
  /** The root of its REST API, without a slash at its end. */
  readonly api: string;
  /** Its control endpoints. */
  readonly admin: string;
  /** Over https with --tls self-signed: the file of the certificate by which the hub is trusted. */
  readonly ca?: string;

  /** A hub of its own inside the same program, made from the same configuration at its first use; for one test worker, say. */
  isolated(key: string): Promise<Hub>;
  /** fetch for paths on this hub, "/hub/api/user"; for an isolated hub, whose host name only browsers are sure to find. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** One request to a control endpoint. */
  control(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<any>;

  /** Cookies with which a browser is logged in as that user. */
  login(user: string): Promise<Cookie[]>;
  /** An API token. */
  token(user: string, order?: TokenOrder): Promise<string>;
  /** The token that a page of owner's server holds when user visits it. */
  pageToken(user: string, owner: string, server?: string): Promise<string>;

  /** Adds to what there is; resolves to the secrets of what was made. */
  seed(what: Seed): Promise<Seeded>;
  startServer(user: string, name?: string): Promise<void>;
  stopServer(user: string, name?: string): Promise<void>;
  /** Ends a server's process behind the hub's back. */
  killServer(user: string, name?: string): Promise<void>;
  waitServer(user: string, state: "ready" | "stopped" | "failed", options?: { name?: string; timeout?: string }): Promise<void>;
  share(order: ShareOrder): Promise<void>;
  revokeShare(order: ShareOrder): Promise<void>;
  /** Makes a link for owner's server; url is what a visitor follows. */
  shareCode(owner: string, order?: ShareCodeOrder): Promise<ShareCode & { url: string }>;

  /** The hub's clock: what expires does so by it. */
  readonly clock: Clock;
  /** Makes requests go wrong, until the fault is removed or used up. */
  fault(rule: Fault): Promise<ActiveFault>;
  /** The requests that reached the hub and its proxy, oldest first. */
  requests(filter?: RequestFilter): Promise<RecordedRequest[]>;
  forgetRequests(): Promise<void>;
  /** All that there is, without secrets. */
  state(): Promise<any>;
  /** Back to the configuration; clock, faults and the record of requests as well. */
  reset(): Promise<void>;
  /** Ends the hub: an isolated one, or the program if this process started it. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
