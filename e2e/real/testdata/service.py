"""A service of a hub that says who its visitor is, with JupyterHub's own helpers for that.

It is told by its environment who it is, as every service is, and besides:

SERVICE_AUTH    "token" = whoever brings a token, "oauth" = browsers too
SERVICE_GROUPS  names of groups, separated by commas, whose members may come in;
                without it, those who have access to the service may
"""

import json
import os
from urllib.parse import urlparse

from jupyterhub.services import auth
from tornado import ioloop, web

BROWSERS = os.environ["SERVICE_AUTH"] == "oauth"
PREFIX = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
GROUPS = set(filter(None, os.environ.get("SERVICE_GROUPS", "").split(",")))


class Visited(auth.HubOAuthenticated if BROWSERS else auth.HubAuthenticated):
    if GROUPS:
        hub_scopes = None
        hub_groups = GROUPS


class Whoami(Visited, web.RequestHandler):
    @web.authenticated
    def get(self):
        self.set_header("Content-Type", "application/json")
        self.write(json.dumps(self.current_user))


class Ready(web.RequestHandler):
    def get(self):
        self.write("ready")


class Later(web.RequestHandler):
    """Lets time pass for what is remembered of visitors."""

    def post(self, seconds):
        clock = auth.time.monotonic
        auth.time = Clock(clock, int(seconds))


class Clock:
    def __init__(self, clock, ahead):
        self.monotonic = lambda: clock() + ahead


class Logout(Visited, web.RequestHandler):
    def get(self):
        self.hub_auth.clear_cookie(self)
        self.redirect(self.hub_auth.hub_prefix + "logout")


routes = [(PREFIX + "ready", Ready), (PREFIX + r"later/(\d+)", Later), (PREFIX + "?", Whoami)]
if BROWSERS:
    routes += [(PREFIX + "oauth_callback", auth.HubOAuthCallbackHandler), (PREFIX + "logout", Logout)]
at = urlparse(os.environ["JUPYTERHUB_SERVICE_URL"])
web.Application(routes, cookie_secret=os.urandom(32)).listen(at.port, at.hostname)
print("service listens", flush=True)
ioloop.IOLoop.current().start()
