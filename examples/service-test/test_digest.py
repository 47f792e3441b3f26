"""Tests of the service against a hub that pages, refuses, expires, revokes and fails, in a second."""

import json
import urllib.request
from urllib.error import HTTPError


def digest(hub, token=None):
    """What the service answers: status and, on success, the digest."""
    request = urllib.request.Request(hub.url + "services/digest/", headers={"Authorization": f"token {token}"} if token else {})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except HTTPError as err:
        with err:
            return err.code, None


def test_it_lists_who_was_given_access(hub):
    hub.seed(groups=[{"name": "class", "users": ["bob"]}])
    hub.share("ann", user="bob")
    hub.share("ann", group="class")
    assert digest(hub, hub.token("ann")) == (200, {"bob": ["/user/ann/"], "class": ["/user/ann/"]})
    assert digest(hub, hub.token("bob")) == (200, {})


def test_a_long_list_is_complete(hub):
    """A hub answers in pages of 50 to 200: who reads one page loses the rest."""
    people = [f"student-{n:03}" for n in range(230)]
    hub.seed(users=[{"name": name} for name in people], shares=[{"owner": "ann", "user": name} for name in people])
    status, told = digest(hub, hub.token("ann"))
    assert status == 200 and sorted(told) == people


def test_a_share_that_was_revoked_is_gone(hub):
    hub.share("ann", user="bob")
    token = hub.token("ann")
    assert "bob" in digest(hub, token)[1]
    hub.revoke_share("ann", user="bob")
    assert digest(hub, token) == (200, {})


def test_strangers_and_tokens_that_may_not_are_refused(hub):
    assert digest(hub)[0] == 403
    assert digest(hub, "no-such-token")[0] == 403
    assert digest(hub, hub.token("ann", scopes=["access:services!service=digest"]))[0] == 403, "it may come in, and not see the shares"
    assert digest(hub, hub.token("ann", scopes=["read:shares!user=ann"]))[0] == 403, "it may see the shares, and not come in"


def test_an_expired_token_is_refused(hub):
    token = hub.token("ann", expires_in=60)
    assert digest(hub, token)[0] == 200
    hub.advance("61s")
    assert digest(hub, token)[0] == 403


def test_a_hub_in_trouble_is_no_bug_of_the_service(hub):
    token = hub.token("ann")
    with hub.fault(path="/hub/api/shares/*", status=503):
        assert digest(hub, token)[0] == 502
    assert digest(hub, token)[0] == 200
