"""A service that tells people with whom they share their servers, as JSON: {"ann": ["/user/me/"], …}.

It uses what comes with JupyterHub, and knows of the hub what is in its environment.
"""

import json
import os
from urllib.parse import quote, urlsplit

from jupyterhub.services.auth import HubAuth, HubAuthenticated
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application, HTTPError, RequestHandler, authenticated

# How long the hub's word about a token is believed. A revoked token opens this service for as long.
auth = HubAuth(cache_max_age=int(os.environ.get("DIGEST_CACHE", "300")))


class Digest(HubAuthenticated, RequestHandler):
    hub_auth = auth

    @authenticated
    async def get(self):
        people = {}
        url = f"{auth.api_url}/shares/{quote(self.current_user['name'], safe='')}"
        while url:
            page = await self.ask(url)
            for share in page["items"]:
                who = share["user"] or share["group"]
                people.setdefault(who["name"], []).append(share["server"]["url"])
            # Long lists come in pages.
            following = page["_pagination"]["next"]
            url = following and following["url"]
        self.set_header("Content-Type", "application/json")
        self.write(json.dumps({name: sorted(servers) for name, servers in sorted(people.items())}))

    async def ask(self, url):
        """Asks the hub in the visitor's own name."""
        try:
            answer = await AsyncHTTPClient().fetch(url, headers={"Authorization": f"token {auth.get_token(self)}"})
        except HTTPClientError as err:
            raise HTTPError(403 if err.code in (403, 404) else 502, reason="The hub does not say") from err
        except OSError as err:
            raise HTTPError(502, reason="The hub does not answer") from err
        return json.loads(answer.body)


if __name__ == "__main__":
    at = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
    HTTPServer(Application([(prefix, Digest)])).listen(at.port, at.hostname)
    IOLoop.current().start()
