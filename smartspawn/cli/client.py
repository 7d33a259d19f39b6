"""The HTTP API as the commands use it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx2

from smartspawn.cli.config import Config
from smartspawn.cli.faults import FAILED, LIMITED, NOT_ALLOWED, UNREACHABLE, USAGE, CliFault

TIMEOUT_S: Final = 60.0
# A site that is started anew is back within seconds; who follows a run waits so long for it.
BACK_WITHIN_S: Final = 60.0
_LOOK_EVERY_S: Final = 1.0
_ENDS: Final = ("run.completed", "run.failed", "run.canceled", "run.budget_exhausted")
_EXIT_CODES: Final = {400: USAGE, 401: NOT_ALLOWED, 403: NOT_ALLOWED, 429: LIMITED, 402: LIMITED}


class Api:
    """One site."""

    def __init__(self, config: Config) -> None:
        self.config = config
        headers = {"Authorization": f"Bearer {config.key}"} if config.key else {}
        self._http = httpx2.Client(base_url=config.url, headers=headers, timeout=TIMEOUT_S)

    def get(self, path: str, **query: object) -> Any:
        """The answer's JSON. Raises CliFault."""
        asked = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return self._ask("GET", path, params=asked)

    def readiness(self) -> Mapping[str, Any]:
        """What the site finds of itself, each part by its name, also where it is not ready. Raises CliFault."""
        with self._reached():
            reply = self._http.get("/readyz")
        try:
            checks = reply.json()["checks"]
        except (ValueError, KeyError, TypeError) as error:
            raise _refusal(reply) from error
        return dict(checks)

    def post(self, path: str, body: Mapping[str, Any], **headers: str) -> Any:
        """The answer's JSON. Raises CliFault."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._ask("POST", path, json=dict(body), headers=named)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer's JSON. Raises CliFault."""
        return self._ask("PATCH", path, json=dict(body))

    def lines(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """The lines of a stream as they come. Raises CliFault."""
        return (json.loads(line) for line in self._raw_lines(method, path, body) if line.strip())

    def _raw_lines(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[str]:
        """The same as text, with the empty ones by which a site that has nothing to tell says that it is there."""
        headers = {"Accept": "application/x-ndjson"}
        timeout = httpx2.Timeout(TIMEOUT_S, read=None)
        with self._reached(), self._http.stream(method, path, json=body, headers=headers, timeout=timeout) as reply:
            if not reply.is_success:
                reply.read()
                raise _refusal(reply)
            yield from reply.iter_lines()

    def run_events(self, run_id: str) -> Iterator[dict[str, Any]]:
        """The events of a run until it has ended, taken up again where the site broke off. Raises CliFault."""
        last: dict[str, Any] = {}
        heard_s = time.monotonic()
        while True:
            try:
                for line in self._raw_lines("GET", f"/api/runs/{run_id}/events?after={last.get('seq', 0)}"):
                    heard_s = time.monotonic()
                    if line.strip():
                        last = json.loads(line)
                        yield last
                broke_off = None
            except CliFault as fault:
                broke_off = fault
            if broke_off is None and last.get("event", _ENDS[0]) in _ENDS:
                return
            if broke_off is not None and not (last and broke_off.exit_code == UNREACHABLE):
                raise broke_off
            if time.monotonic() - heard_s > BACK_WITHIN_S:
                raise CliFault(f"The site broke off. Once it is back: smartspawn events {run_id}", UNREACHABLE)
            time.sleep(_LOOK_EVERY_S)

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        with self._reached():
            reply = self._http.request(method, path, **options)
        if not reply.is_success:
            raise _refusal(reply)
        try:
            return reply.json()
        except ValueError as error:
            raise CliFault(f"What answers at {self.config.url} is no Smart Spawn.", UNREACHABLE) from error

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx2.ReadTimeout as error:
            message = f"{self.config.url} did not answer within {TIMEOUT_S:.0f} s. Look at 'smartspawn status'."
            raise CliFault(message, UNREACHABLE) from error
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            message = f"'{self.config.url}' is no address: it is one like http://127.0.0.1:8000."
            raise CliFault(message, USAGE) from error
        except httpx2.TransportError as error:
            message = f"Nobody answers at {self.config.url} ({type(error).__name__}). Start it: smartspawn start"
            raise CliFault(message, UNREACHABLE) from error


def _refusal(reply: httpx2.Response) -> CliFault:
    try:
        message = str(reply.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = f"{reply.url} answered with status {reply.status_code}."
    if reply.status_code == 500:
        message += " 'smartspawn status' says whether the site can work at all."
    if reply.status_code == 401:
        message = _about_the_key(reply, message)
    return CliFault(message, _EXIT_CODES.get(reply.status_code, FAILED))


def _about_the_key(reply: httpx2.Response, refusal: str) -> str:
    """What to do about a key that is missing, or that the site refused with a reason."""
    page = reply.url.copy_with(path="/account/keys/", query=None)
    fault = refusal if "authorization" in reply.request.headers else "This needs a key of the site."
    return f"{fault} Make one at {page} and keep it: smartspawn setup --key ss_... (or set SMARTSPAWN_API_KEY)."
