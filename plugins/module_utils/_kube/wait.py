# Copyright: (c) 2026, the beekeeper.hivemq authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting with a deadline: told at once by watches, checked again by polling, and never silent.

This module util is private to the collection and must not import Ansible.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .client import KubeClient
from .errors import DeadlineExceeded, KubeError, NeverReady, Request, ServerError, TooManyRequests, Unreachable
from .ready import Readiness, readiness

HEARTBEAT = 30.0
POLL = 5.0  # seconds between checks even if no watch reports anything
_WATCH_SECONDS = 60.0
_WATCH_RETRY = 2.0


@dataclass(frozen=True)
class Check:
    """What one look found. A new ``state`` makes a progress line; ``line`` is what is shown (with a time, say)."""

    done: bool
    state: str
    line: str = ""


@dataclass(frozen=True)
class Scope:
    """What to watch: a kind, in a namespace, one object or those a selector selects."""

    api_version: str
    kind: str
    namespace: str | None = None
    name: str | None = None
    label_selector: str | None = None


@dataclass
class Target:
    """An object to wait for: to be ready, or to be ``gone``. ``seen``: how it was last seen; it saves a request."""

    api_version: str
    kind: str
    name: str
    namespace: str | None = None
    gone: bool = False
    seen: dict[str, Any] | None = field(default=None, repr=False)

    def describe(self) -> str:
        """``Kind namespace/name``."""
        return Request("get", self.api_version, self.kind, "", self.namespace, self.name).subject()


class Waker(Protocol):
    """Ends a pause early when something changed."""

    def wait(self, seconds: float) -> None:
        """Return when something changed, at the latest after ``seconds``."""

    def close(self) -> None:
        """Stop watching."""


class Watcher:
    """Watches scopes, each in a thread of its own. A broken watch is opened again; meanwhile polling goes on."""

    def __init__(self, client: KubeClient, scopes: Iterable[Scope]) -> None:
        self._client = client
        self._changed = threading.Event()
        self._stopped = threading.Event()
        for scope in scopes:
            threading.Thread(target=self._watch, args=(scope,), name=f"watch {scope.kind}", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Return when something changed, at the latest after ``seconds``."""
        self._changed.wait(seconds)
        self._changed.clear()

    def close(self) -> None:
        """No further watch is opened; the threads end with the one they're in."""
        self._stopped.set()

    def _watch(self, scope: Scope) -> None:
        selector = f"metadata.name={scope.name}" if scope.name else None
        while not self._stopped.is_set():
            try:
                for _event in self._client.watch(
                    scope.api_version,
                    scope.kind,
                    scope.namespace,
                    scope.label_selector,
                    selector,
                    timeout=_WATCH_SECONDS,
                ):
                    self._changed.set()
                    if self._stopped.is_set():
                        return
            except KubeError:
                # Not allowed, too old, cut off: polling finds out what it means; a watch only makes it quicker.
                self._stopped.wait(_WATCH_RETRY)


def wait_until(
    check: Callable[[], Check],
    *,
    what: str,
    deadline_seconds: float,
    waker: Waker,
    progress: Callable[[str], None],
    heartbeat: float = HEARTBEAT,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Call ``check`` until it is done, with a progress line at each change and at least every ``heartbeat`` seconds.

    An API server that doesn't answer for a while is waited for like everything else. ``DeadlineExceeded`` names
    ``what`` and the last state. Other errors of ``check`` end the wait.
    """
    start = shown = clock()
    last = ""
    while True:
        try:
            found = check()
        except (Unreachable, ServerError, TooManyRequests) as error:
            found = Check(False, error.message)
        now = clock()
        if found.state != last:
            last, shown = found.state, now
            progress(found.line or found.state)
        elif now - shown >= heartbeat:
            shown = now
            progress(f"{found.line or found.state} (waiting for {now - start:.0f} s)")
        if found.done:
            return
        remaining = deadline_seconds - (now - start)
        if remaining <= 0:
            raise DeadlineExceeded(
                f"Waited {deadline_seconds:.0f} s for {what}, in vain: {found.line or found.state}",
                next_step="If it only needs more time, raise wait_timeout; it is safe to run again.",
            )
        waker.wait(max(0.0, min(POLL, remaining, heartbeat - (now - shown))))


def wait_for(
    client: KubeClient,
    targets: Sequence[Target],
    deadline_seconds: float,
    progress: Callable[[str], None],
    heartbeat: float = HEARTBEAT,
    *,
    predicate: Callable[[dict[str, Any]], Readiness] = readiness,
    waker: Waker | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until all targets are ready (or gone). ``DeadlineExceeded``, or ``NeverReady`` as soon as one has failed.

    The error's ``pending`` attribute holds the targets still waited for. Nothing is requested when all the ``seen``
    objects are ready already.
    """
    pending = list(targets)

    def look() -> Check:
        waiting: list[tuple[Target, str]] = []
        for target in list(pending):
            live = target.seen
            target.seen = None
            if live is None:
                live = client.get(target.api_version, target.kind, target.name, target.namespace)
            state = _state(target, live, predicate)
            if state.ready:
                pending.remove(target)
            elif state.failed:
                error = NeverReady(
                    f"{target.describe()} has failed: {state.message}",
                    next_step=f"See `kubectl describe {target.kind.lower()} {target.name}"
                    f"{f' -n {target.namespace}' if target.namespace else ''}`.",
                )
                error.pending = [target]
                raise error
            else:
                waiting.append((target, state.message))
        if not waiting:
            return Check(True, f"{_count(targets)} {'gone' if targets and targets[0].gone else 'ready'}")
        first, message = waiting[0]
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        return Check(False, f"{first.describe()}: {message}{more}")

    if all(target.seen is not None and _state(target, target.seen, predicate).ready for target in targets):
        return
    own = waker is None
    used: Waker = waker or Watcher(client, _scopes(targets))
    try:
        wait_until(
            look,
            what=f"{_count(targets)} to be {'gone' if targets[0].gone else 'ready'}",
            deadline_seconds=deadline_seconds,
            waker=used,
            progress=progress,
            heartbeat=heartbeat,
            clock=clock,
        )
    except DeadlineExceeded as error:
        error.pending = list(pending)
        raise
    finally:
        if own:
            used.close()


def _state(target: Target, live: dict[str, Any] | None, predicate: Callable[[dict[str, Any]], Readiness]) -> Readiness:
    if target.gone:
        if live is None:
            return Readiness(True, "gone")
        finalizers = (live.get("metadata") or {}).get("finalizers") or []
        held = f", held by {', '.join(finalizers)}" if finalizers else ""
        return Readiness(False, f"being deleted{held}")
    return predicate(live) if live is not None else Readiness(False, "doesn't exist yet")


def _count(targets: Sequence[Target]) -> str:
    return targets[0].describe() if len(targets) == 1 else f"{len(targets)} objects"


def _scopes(targets: Sequence[Target]) -> list[Scope]:
    """One watch per kind and namespace; of a single object where there is only one."""
    groups: dict[tuple[str, str, str | None], list[Target]] = {}
    for target in targets:
        groups.setdefault((target.api_version, target.kind, target.namespace), []).append(target)
    return [
        Scope(api_version, kind, namespace, name=members[0].name if len(members) == 1 else None)
        for (api_version, kind, namespace), members in groups.items()
    ]
