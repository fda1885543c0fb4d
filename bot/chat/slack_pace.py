"""How fast we may post: about one message a second in a channel, a few hundred a minute in a workspace.

Every delivery gets a moment of its own, in the order in which it asks. One that would have to wait long is told to
come back, and its moment is kept, so that a workspace with a thousand waiting alerts holds up no other.
Seconds are the event loop's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

IN_CHANNEL = 1.03  # seconds between two messages: Slack allows about one a second
IN_WORKSPACE = 0.2  # 300 a minute
PATIENCE = 4.0  # seconds that a delivery is held here; below the lease, so that nobody else takes it meanwhile
HORIZON = 60.0  # seconds ahead that moments are given out: a later, more urgent one waits no longer than this
LATE = 5.0  # seconds after which a moment that nobody used is forgotten
MOST_CHANNELS = 20_000


@dataclass(slots=True)
class Workspace:
    next: float = 0.0  # the first free moment
    held_until: float = 0.0
    last: dict[str, float] = field(default_factory=dict)  # channel → when its last message goes
    held: dict[str, float] = field(default_factory=dict)  # channel → until when Slack wants none
    given: dict[str, float] = field(default_factory=dict)  # delivery → its moment


@dataclass(frozen=True, slots=True)
class Turn:
    """`wait`: seconds until the delivery may go; `here`: whether it is worth to wait for it."""

    wait: float
    here: bool


class Pace:
    """Moments for deliveries; `now` is the loop's time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._workspaces: dict[str, Workspace] = {}

    def turn(self, workspace: str, channel: str, key: str) -> Turn:
        """When this delivery may go; ask again after a wait that is not `here`."""
        at, now = self._workspaces.setdefault(workspace, Workspace()), self._now()
        held = self.held(workspace, channel)
        if held > 0:
            return Turn(held, here=False)
        moment = at.given.pop(key, None)
        if moment is None or moment < now - LATE:
            moment = max(now, at.next)
            if moment - now > HORIZON:
                return Turn(HORIZON - PATIENCE, here=False)
            at.next = moment + IN_WORKSPACE
        moment = max(moment, now, at.last.get(channel, -IN_CHANNEL) + IN_CHANNEL)
        if moment - now > PATIENCE:
            at.given[key] = moment
            return Turn(moment - now - PATIENCE / 2, here=False)
        at.last[channel] = moment
        self._forget(at, now)
        return Turn(moment - now, here=True)

    def held(self, workspace: str, channel: str) -> float:
        """Seconds that Slack wants nothing there."""
        at = self._workspaces.setdefault(workspace, Workspace())
        return max(at.held_until, at.held.get(channel, 0.0)) - self._now()

    def goes(self, workspace: str, channel: str) -> None:
        """A message goes to this channel at this very moment, perhaps a little after the one it was given."""
        self._workspaces.setdefault(workspace, Workspace()).last[channel] = self._now()

    def hold(self, workspace: str, seconds: float, channel: str = "") -> None:
        """Slack wants nothing for so long: in a channel, or in the whole workspace."""
        at = self._workspaces.setdefault(workspace, Workspace())
        until = self._now() + seconds
        if channel:
            at.held[channel] = max(until, at.held.get(channel, 0.0))
        else:
            at.held_until = max(until, at.held_until)
            at.next = max(at.next, at.held_until)
            at.given.clear()

    def all_held(self, workspaces: Iterable[str]) -> bool:
        """Whether each of these wants nothing now."""
        held = {name for name, at in self._workspaces.items() if at.held_until > self._now()}
        return held.issuperset(workspaces)

    def _forget(self, at: Workspace, now: float) -> None:
        if len(at.last) > MOST_CHANNELS:
            at.last = {channel: moment for channel, moment in at.last.items() if moment > now - IN_CHANNEL}
        if len(at.held) > MOST_CHANNELS:
            at.held = {channel: until for channel, until in at.held.items() if until > now}
