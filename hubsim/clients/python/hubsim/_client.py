from __future__ import annotations

import collections
import http.client
import json
import os
import queue
import ssl
import subprocess
import threading
import urllib.parse
from typing import Any, Callable, Mapping, Optional, Sequence


class HubsimError(Exception):
    """An answer of the control endpoints that is no success."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Fault:
    """Requests that go wrong, until it is removed or used up."""

    def __init__(self, hub: "Hub", id: int):
        self._hub, self.id = hub, id

    def release(self) -> None:
        """Lets go the requests that it holds."""
        self._hub.control("POST", "release-fault", {"id": self.id})

    def remove(self) -> None:
        self._hub.control("POST", "remove-fault", {"id": self.id})

    def __enter__(self) -> "Fault":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.remove()
        except HubsimError as err:
            if err.status != 404:  # it is used up
                raise


class Hub:
    """One hub. Every method returns once the hub has done it, and raises a HubsimError that says what was wrong.

    url is its base, hub where its pages lie, both with a slash at their end; api is the root of its REST API, without one. Over https, ca is the file of the
    certificate by which it is trusted, for ssl.create_default_context(cafile=hub.ca); else None.
    """

    url: str
    hub: str
    api: str

    def __init__(
        self, admin: str, *, admin_token: Optional[str] = None, key: Optional[str] = None, process: Optional["_Process"] = None, ca: Optional[str] = None
    ):
        self.admin = admin
        self.ca = ca
        self.key = key
        self._admin_token = admin_token
        self._process = process
        info = self.control("GET", "info")
        self.url, self.hub, self.api = info["url"], info["hub"], info["api"]

    def isolated(self, key: str) -> "Hub":
        """A hub of its own inside the same program, made from the same configuration at its first use; for one test worker, say.

        Its host name is found by browsers, and maybe by nobody else: other programs use the address of the first hub, and headers.
        """
        return Hub(self.admin, admin_token=self._admin_token, key=key, ca=self.ca)

    @property
    def headers(self) -> dict[str, str]:
        """What a program sends with its requests to reach this hub among those of one address."""
        return {"X-Hubsim-Key": self.key} if self.key else {}

    def control(self, method: str, path: str, body: Optional[Mapping[str, Any]] = None) -> Any:
        """One request to a control endpoint; for what the methods below do not cover."""
        at = urllib.parse.urlsplit(urllib.parse.urljoin(self.admin, path))
        headers = {"Host": f"{self.key}.localhost:{at.port}" if self.key else at.netloc}
        if self._admin_token:
            headers["Authorization"] = f"token {self._admin_token}"
        data = None
        if method != "GET":
            data = json.dumps(body or {})
            headers["Content-Type"] = "application/json"
        connection: http.client.HTTPConnection
        if at.scheme == "https":
            trust = ssl.create_default_context(cafile=self.ca)
            connection = http.client.HTTPSConnection(at.hostname or "", at.port or 443, timeout=330, context=trust)
        else:
            connection = http.client.HTTPConnection(at.hostname or "", at.port or 80, timeout=330)
        try:
            connection.request(method, at.path + ("?" + at.query if at.query else ""), data, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status >= 300:
            try:
                text = json.loads(text)["message"]
            except (ValueError, KeyError, TypeError):
                pass
            raise HubsimError(response.status, f"{method} {path}: {text}")
        return json.loads(text) if text else None

    # Who is there.

    def login(self, user: str) -> list[dict[str, Any]]:
        """Cookies with which a browser is logged in as that user, as Playwright's context.add_cookies takes them."""
        return self.control("POST", "login", {"user": user})["cookies"]

    def token(self, user: str, **order: Any) -> str:
        """An API token; takes scopes, note, expires_in. Without scopes it may do whatever the user may."""
        return self.control("POST", "tokens", {"user": user, **order})["token"]

    def page_token(self, user: str, owner: str, server: str = "") -> str:
        """The token that a page of owner's server holds when user visits it."""
        return self.control("POST", "page-token", {"user": user, "owner": owner, "server": server})["token"]

    # What there is.

    def seed(self, **what: Any) -> dict[str, Any]:
        """Adds users, groups, roles, servers, shares, share_codes; returns the secrets of what was made."""
        return self.control("POST", "seed", what)

    def start_server(self, user: str, name: str = "") -> None:
        """Starts a server and waits until it is ready."""
        self.control("POST", "servers", {"user": user, "name": name, "state": "running"})

    def stop_server(self, user: str, name: str = "") -> None:
        self.control("POST", "stop-server", {"user": user, "name": name})

    def kill_server(self, user: str, name: str = "") -> None:
        """Ends a server's process behind the hub's back."""
        self.control("POST", "kill-server", {"user": user, "name": name})

    def wait_server(self, user: str, state: str, name: str = "", timeout: str = "30s") -> None:
        """Waits until a server is "ready", "stopped" or "failed"."""
        self.control("GET", "wait?" + urllib.parse.urlencode({"server": f"{user}/{name}", "state": state, "timeout": timeout}))

    def share(self, owner: str, **order: Any) -> None:
        """Gives access; takes user or group, server, scopes."""
        self.control("POST", "shares", {"owner": owner, **order})

    def revoke_share(self, owner: str, **order: Any) -> None:
        """Takes access away; takes user or group, server, scopes."""
        self.control("POST", "revoke-share", {"owner": owner, **order})

    def share_code(self, owner: str, **order: Any) -> dict[str, Any]:
        """Makes a link for owner's server; takes server, scopes, expires_in. Its "url" is what a visitor follows."""
        made = self.control("POST", "share-codes", {"owner": owner, **order})["share_codes"][0]
        return {**made, "url": f"{self.hub}accept-share?code={urllib.parse.quote(made['code'])}"}

    def env(self, *, service: Optional[str] = None, user: Optional[str] = None, server: str = "") -> dict[str, str]:
        """The environment that this hub gives a service, or a user's server."""
        query = {"service": service} if service else {"user": user or "", "server": server}
        return dict(line.split("=", 1) for line in self.control("GET", "env?" + urllib.parse.urlencode(query))["env"])

    def state(self) -> Any:
        """All that there is, without secrets."""
        return self.control("GET", "state")

    def reset(self) -> None:
        """Back to the configuration; clock, faults and the record of requests as well."""
        self.control("POST", "reset")

    # The clock, by which things expire.

    def now(self) -> str:
        return self.control("GET", "clock")["now"]

    def advance(self, by: str) -> str:
        """Moves the clock forward: "36h", "59.5s"; returns what it says then."""
        return self.control("POST", "clock", {"advance": by})["now"]

    def set_clock(self, at: str) -> str:
        """Sets the clock, which stands from then on."""
        return self.control("POST", "clock", {"set": at})["now"]

    # What goes wrong, and what happened.

    def fault(self, **rule: Any) -> Fault:
        """Makes requests go wrong until it is removed or used up; also as a context manager."""
        return Fault(self, self.control("POST", "faults", rule)["id"])

    def requests(self, **filter: Any) -> list[dict[str, Any]]:
        """The requests that reached the hub and its proxy, oldest first; filters: method, path, actor, status, after."""
        return self.control("GET", "requests?" + urllib.parse.urlencode(filter))["requests"]

    def forget_requests(self) -> None:
        self.control("DELETE", "requests")

    def close(self) -> None:
        """Ends the hub: an isolated one, or the program if this process started it."""
        if self.key:
            Hub(self.admin, admin_token=self._admin_token, ca=self.ca).control("POST", "end-key", {"key": self.key})
        elif self._process:
            self._process.end()

    def __enter__(self) -> "Hub":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Process:
    """The program, its log, and the line by which it says that it is there."""

    def __init__(self, argv: Sequence[str], config: Optional[str], env: Mapping[str, str], on_log: Optional[Callable[[str], None]]):
        try:
            self._child = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **env}, text=True, encoding="utf-8", errors="replace"
            )
        except FileNotFoundError as err:
            raise FileNotFoundError(f'{argv[0]} was not found: build hubsim, and name it in the variable HUBSIM or in "command"') from err
        self._tail: collections.deque[str] = collections.deque(maxlen=50)
        self._first: "queue.Queue[str]" = queue.Queue()
        self._threads = [
            threading.Thread(target=self._read_log, args=(on_log,), daemon=True),
            threading.Thread(target=self._read_ready, daemon=True),
            threading.Thread(target=self._write, args=(config or "",), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_log(self, on_log: Optional[Callable[[str], None]]) -> None:
        assert self._child.stderr
        for line in self._child.stderr:
            self._tail.append(line.rstrip("\n"))
            if on_log:
                on_log(line.rstrip("\n"))

    def _read_ready(self) -> None:
        assert self._child.stdout
        self._first.put(self._child.stdout.readline())

    def _write(self, config: str) -> None:
        assert self._child.stdin
        try:
            self._child.stdin.write(config)
            self._child.stdin.close()
        except OSError:
            pass  # it ended before it read: its log says why

    def ready(self, timeout: float) -> dict[str, Any]:
        try:
            line = self._first.get(timeout=timeout)
        except queue.Empty:
            self.end()
            raise TimeoutError(f"hubsim was not ready after {timeout} s:\n" + "\n".join(self._tail)) from None
        if not line:
            code = self._child.wait()
            self.end()
            raise RuntimeError(f"hubsim ended with {code} before it was ready:\n" + "\n".join(self._tail))
        return json.loads(line)

    def end(self) -> None:
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(15)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        for thread in self._threads:
            thread.join(5)
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe:
                pipe.close()


def start(
    *,
    command: Optional[Sequence[str]] = None,
    args: Sequence[str] = (),
    preset: Optional[str] = None,
    config: Optional[Mapping[str, Any]] = None,
    env: Optional[Mapping[str, str]] = None,
    timeout: float = 30,
    on_log: Optional[Callable[[str], None]] = None,
) -> Hub:
    """Starts the program and returns once its hub answers; Hub.close ends it.

    command is the program and what comes before its flags, by default the variable HUBSIM, else "hubsim" on the PATH. preset names a ready situation;
    config has the keys of a configuration file; timeout is in seconds; on_log gets each line of the log.
    """
    argv = [*(command or [os.environ.get("HUBSIM") or "hubsim"]), "--port", "0"]
    if preset:
        argv += ["--preset", preset]
    if config is not None:
        argv += ["--config", "-"]
    process = _Process([*argv, *args], json.dumps(config) if config is not None else None, env or {}, on_log)
    ready = process.ready(timeout)
    try:
        return Hub(ready["admin"], admin_token=_admin_token(args, config or {}, env or {}), process=process, ca=ready.get("ca"))
    except BaseException:
        process.end()
        raise


def connect(admin: str, *, admin_token: Optional[str] = None, ca: Optional[str] = None) -> Hub:
    """Uses a hub that runs already: the address of its control endpoints is the "admin" of its ready line, and over https its certificate the "ca"."""
    return Hub(admin, admin_token=admin_token or os.environ.get("HUBSIM_ADMIN_TOKEN"), ca=ca or os.environ.get("HUBSIM_CA"))


def _admin_token(args: Sequence[str], config: Mapping[str, Any], env: Mapping[str, str]) -> Optional[str]:
    """The admin token that the program was given, however it was."""
    for i, arg in enumerate(args):
        if arg == "--admin-token" and i + 1 < len(args):
            return args[i + 1]
        if arg.startswith("--admin-token="):
            return arg.split("=", 1)[1]
    return env.get("HUBSIM_ADMIN_TOKEN") or os.environ.get("HUBSIM_ADMIN_TOKEN") or config.get("admin_token")
