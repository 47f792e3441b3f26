import json
import ssl
import urllib.request
from datetime import datetime, timedelta
from urllib.error import HTTPError

import pytest

from hubsim import Hub, HubsimError, connect, start


def api(hub: Hub, path: str, token: str, method: str = "GET", body=None, at: str = ""):
    """A request to the REST API of a hub: status and answer."""
    request = urllib.request.Request(
        f"{at or hub.api}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {token}", "Content-Type": "application/json", **hub.headers},
    )
    try:
        with urllib.request.urlopen(request) as response:
            text = response.read()
            return response.status, json.loads(text) if text else None
    except HTTPError as err:
        with err:
            return err.code, json.loads(err.read() or b"null")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_hub_over_https_is_steered_by_the_certificate_that_it_made():
    with start(args=["--tls", "self-signed"]) as secure:
        assert secure.url.startswith("https:")
        assert secure.token("sharer")
        assert connect(secure.admin, ca=secure.ca).url == secure.url
        secure.isolated("own").close()
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(secure.admin)


def test_a_link_is_made_and_access_revoked(hub):
    hub.start_server("sharer")
    hub.wait_server("sharer", "ready")
    page = hub.page_token("sharer", "sharer")
    status, code = api(hub, "share-codes/sharer/", page, "POST", {})
    assert status == 200 and code["accept_url"].startswith("/hub/accept-share?code=")
    hub.share("sharer", user="shared-with")
    assert [s["user"]["name"] for s in api(hub, "shares/sharer/", page)[1]["items"]] == ["shared-with"]
    hub.revoke_share("sharer", user="shared-with")
    assert api(hub, "shares/sharer/", page)[1]["items"] == []


def test_a_link_expires_by_the_hubs_clock(hub):
    url = hub.share_code("sharer", expires_in="2h")["url"]
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in hub.login("shared-with"))

    def follow():
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers={"Cookie": cookies})) as response:
                return response.status
        except HTTPError as err:
            with err:
                return err.code

    assert follow() == 200
    before = instant(hub.now())
    assert instant(hub.advance("2h")) - before >= timedelta(hours=2)
    assert follow() == 404


def test_each_test_finds_the_hub_as_configured(hub):
    assert datetime.now(instant(hub.now()).tzinfo) - instant(hub.now()) < timedelta(hours=1), "the clock was put back"
    hub.seed(users=[{"name": "ann"}], groups=[{"name": "class", "users": ["ann"]}])
    assert "ann" in [u["name"] for u in hub.state()["users"]]
    hub.reset()
    assert "ann" not in [u["name"] for u in hub.state()["users"]]


def test_requests_go_wrong_and_are_remembered(hub):
    token = hub.token("sharer", note="for this test")
    with hub.fault(path="/hub/api/user", status=503):
        assert api(hub, "user", token)[0] == 503
    assert api(hub, "user", token)[0] == 200
    assert [r["status"] for r in hub.requests(path="/hub/api/user")] == [503, 200]
    with hub.fault(path="/hub/api/user", status=503, times=1):
        assert api(hub, "user", token)[0] == 503, "used up: its end is no error"


def test_hubs_of_one_program_are_strangers(hub):
    with hub.isolated("one") as one, hub.isolated("other") as other:
        assert one.url.startswith("http://one.localhost:")
        token = one.token("sharer")
        assert api(one, "user", token, at=hub.api)[0] == 200
        assert api(other, "user", token, at=hub.api)[0] == 403


def test_a_program_of_ones_own(tmp_path):
    with start(config={"admin_token": "secret-of-tests", "db": str(tmp_path / "hub.db")}) as hub:
        assert connect(hub.admin, admin_token="secret-of-tests").url == hub.url
        with pytest.raises(HubsimError, match="admin token"):
            connect(hub.admin, admin_token="wrong-secret")


def test_what_is_wrong_is_said(hub):
    with pytest.raises(HubsimError) as err:
        hub.token("nobody")
    assert err.value.status == 404
    with pytest.raises(HubsimError, match="advance must be a duration"):
        hub.advance("yesterday")
    with pytest.raises(RuntimeError, match="uesrs"):
        start(config={"uesrs": []})
    with pytest.raises(FileNotFoundError, match="build hubsim"):
        start(command=["no-such-program-anywhere"])
