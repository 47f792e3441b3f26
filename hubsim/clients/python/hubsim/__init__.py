"""Starts and steers hubsim, a simulated hub, from tests.

Needs nothing but the standard library. The endpoints behind the methods are in
the documentation of the program (hubsim/cmd/hubsim); the pytest fixtures that
use this are in hubsim.fixtures and load by themselves once this is installed.
"""

from ._client import Fault, Hub, HubsimError, connect, start

__all__ = ["Fault", "Hub", "HubsimError", "connect", "start"]
