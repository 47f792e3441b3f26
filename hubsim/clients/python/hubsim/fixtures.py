"""pytest fixtures: one program a session, one fresh hub a test.

A project says what its hub is like by a fixture of its own, for its whole suite or a folder of it:

    @pytest.fixture(scope="session")
    def hubsim_config():
        return {"services": [{"name": "grader", "url": "http://127.0.0.1:9000", "api_token": "secret-of-grader"}]}
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Optional

import pytest

from ._client import Hub, start


@pytest.fixture(scope="session")
def hubsim_config() -> Optional[Mapping[str, Any]]:
    """The configuration of the session's hub; override it. None is the sharing walk: users sharer and shared-with."""
    return None


@pytest.fixture(scope="session")
def hubsim_session(hubsim_config: Optional[Mapping[str, Any]]) -> Iterator[Hub]:
    """The program, for the whole session. With pytest-xdist each worker has its own."""
    log: list[str] = []
    with start(config=hubsim_config, on_log=log.append) as hub:
        hub.log = log  # type: ignore[attr-defined]
        yield hub


@pytest.fixture
def hub(hubsim_session: Hub, request: pytest.FixtureRequest) -> Iterator[Hub]:
    """The session's hub, put back to its configuration. When the test fails, the hub's log of it is part of the report."""
    hubsim_session.reset()
    log: list[str] = hubsim_session.log  # type: ignore[attr-defined]
    log.clear()
    yield hubsim_session
    if log:
        request.node.add_report_section("teardown", "hubsim", "\n".join(log[-200:]))
