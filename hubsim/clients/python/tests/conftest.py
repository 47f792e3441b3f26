# Without an installation: the package beside this folder, and its fixtures.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

pytest_plugins = ["hubsim.fixtures"]
