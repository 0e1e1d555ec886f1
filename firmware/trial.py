"""Is the version on trial well? Asked by the application now and then, in memory only then."""

from shim import const
from . import slots
from .storage import StorageError

_LIVED_S = const(60)
_SILENT_S = const(240)  # by then a meter that answers at all has answered


def look(app, seconds):
    """Confirm what runs if it is well, ``seconds`` after its start.

    That is: it lived for a minute, no task died or hangs, the network is up (the page is how its
    owner could go back), and a reading was verified. A module whose meter is silent, or on a desk
    without one, cannot tell that from its own fault; as its page works, four minutes do.
    """
    supervisor = app.supervisor
    if seconds < _LIVED_S or supervisor.late() or any(supervisor.restarts.values()):
        return
    if app.wifi and not app.wifi.online:
        return
    if app.store.snapshot or seconds >= _SILENT_S:
        try:
            slots.confirm()
        except StorageError as e:
            app.log("error", "update: %s" % e)
            return
        app.guard.trial = False
        app.log("info", "update: this version is well and stays")
