"""The plugin host: what is installed, which names it declares, and who observes runs. Imports no heavy library."""

from detente.plugins.host import ALLOW, Host, ObserverFailure, discover, host, set_host

__all__ = ["ALLOW", "Host", "ObserverFailure", "discover", "host", "set_host"]
