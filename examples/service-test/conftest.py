import importlib.util
import sys
from pathlib import Path

import pytest

here = Path(__file__).parent

# A project of your own installs the package, whose fixtures load by themselves then, and leaves these lines out.
if importlib.util.find_spec("hubsim") is None:
    sys.path.insert(0, str(here.parent.parent / "hubsim" / "clients" / "python"))
    pytest_plugins = ["hubsim.fixtures"]


@pytest.fixture(scope="session")
def hubsim_config():
    return {
        "users": [{"name": "ann"}, {"name": "bob"}],
        "servers": [{"user": "ann"}],
        "roles": [{"name": "user", "scopes": ["self", "read:shares!user", "access:services!service=digest"]}],
        # The hub starts the service, on a free port, and ends it.
        "services": [
            {
                "name": "digest",
                "url": "http://127.0.0.1:0",
                "command": [sys.executable, str(here / "digest.py")],
                "environment": {"DIGEST_CACHE": "1"},
            }
        ],
    }
