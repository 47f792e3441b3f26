# The configuration of a hub that realhub runs. What differs from run to run is in the JSON file that the environment names.
import json
import os
import sys

import jupyterhub.proxy

with open(os.environ["REALHUB_OPTIONS"]) as f:
    options = json.load(f)
here = options["dir"]

c = get_config()  # noqa: F821
c.JupyterHub.bind_url = f"http://127.0.0.1:{options['port']}{options['base_url']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{options['hub_port']}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{options['proxy_port']}"
c.ConfigurableHTTPProxy.command = options["proxy"]
c.ConfigurableHTTPProxy.pid_file = os.path.join(here, "proxy.pid")
c.JupyterHub.db_url = "sqlite:///" + os.path.join(here, "jupyterhub.sqlite")
c.JupyterHub.cookie_secret_file = os.path.join(here, "cookie_secret")
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = os.path.join(here, "home", "{username}")
c.JupyterHub.allow_named_servers = options["allow_named_servers"]

# The proxy and the servers stay in the hub's process group, so that the group's end is theirs.
_popen = jupyterhub.proxy.Popen
jupyterhub.proxy.Popen = lambda *args, **kwargs: _popen(*args, **{**kwargs, "start_new_session": False})
c.LocalProcessSpawner.popen_kwargs = {"start_new_session": False}

if options["command"]:
    c.Spawner.cmd = options["command"]
else:
    c.Spawner.cmd = [os.path.join(os.path.dirname(sys.executable), "jupyterhub-singleuser")]
    if os.geteuid() == 0:
        c.Spawner.args = ["--allow-root"]
if options["server_env"]:
    c.Spawner.environment = options["server_env"]
if options["oauth_client_allowed_scopes"] is not None:
    c.Spawner.oauth_client_allowed_scopes = options["oauth_client_allowed_scopes"]
if options["server_token_scopes"] is not None:
    c.Spawner.server_token_scopes = options["server_token_scopes"]

admins = options["admins"] or []
users = options["users"] or []
if admins:
    c.Authenticator.admin_users = set(admins)
if options["allowed_users"]:
    c.Authenticator.allowed_users = set(options["allowed_users"])
else:
    c.Authenticator.allow_all = True
c.Authenticator.delete_invalid_users = False
c.JupyterHub.load_groups = options["groups"] or {}
c.JupyterHub.load_roles = list(options["roles"] or [])
if users:  # a role that lists them makes them, in this order
    named = [role for role in c.JupyterHub.load_roles if role["name"] == "user"]
    if not named:
        named = [{"name": "user"}]
        c.JupyterHub.load_roles.extend(named)
    named[0]["users"] = [*(named[0].get("users") or []), *users]
c.JupyterHub.services = list(options["services"] or [])
if options["admin_token"]:
    c.JupyterHub.services.append({"name": "realhub-admin", "api_token": options["admin_token"]})
    c.JupyterHub.load_roles.append({"name": "admin", "services": ["realhub-admin"]})
