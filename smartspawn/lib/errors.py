"""One family of refusals, each with a stable code that clients may rely on.

    SmartSpawnError
    ├── BadInput                 the caller sent something we cannot use
    │   ├── MissingParam         MISSING_PARAM
    │   ├── InvalidParam         INVALID_PARAM
    │   └── InvalidBody          INVALID_BODY
    ├── NotFound                 NOT_FOUND
    ├── NoModel                  NO_MODEL: nothing in the catalogue fits the request
    ├── NotSignedIn              UNAUTHORIZED
    ├── NotAllowed               FORBIDDEN: signed in, but the role or key scope does not reach
    ├── Conflict                 CONFLICT: somebody else changed or holds it
    ├── TextsGone                TEXTS_GONE: what it needs was let go after its time (runs/keeping/letting_go.py)
    ├── UnpricedModel            MODEL_UNPRICED: nobody knows what it costs (runs/ledger/quote.py)
    ├── TooManyRequests          RATE_LIMITED: carries the seconds to wait
    ├── CallFailed               CALL_FAILED: a language model gave no whole answer (runs/providers/faults.py)
    ├── UpstreamFault            another server did not give what it was asked for
    │   ├── UpstreamUnreachable  UPSTREAM_UNREACHABLE: no connection, or no whole answer in time
    │   ├── UpstreamRefused      UPSTREAM_REFUSED: an error status; carries it
    │   ├── UpstreamTooLarge     UPSTREAM_TOO_LARGE: more than the caller wants to hold
    │   └── AddressRefused       ADDRESS_REFUSED: it lies where we do not reach, such as a private network
    └── SourceFault              a source cannot be used as it came; the last good data stays
        ├── SourceUnreachable    SOURCE_UNREACHABLE: no answer, or an error status
        ├── SourceMalformed      SOURCE_MALFORMED: not the shape its format promises
        ├── SourceImplausible    SOURCE_IMPLAUSIBLE: well formed, but not to be believed
        └── SourceNotConfigured  SOURCE_NOT_CONFIGURED: needs a key, consent or a switch first

How a code becomes an HTTP status stands in one table, in ``smartspawn/api.py``.
"""

from __future__ import annotations


class SmartSpawnError(Exception):
    """A refusal with a message meant for the person who caused it."""

    code = "ERROR"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class BadInput(SmartSpawnError):
    """The caller sent something that cannot be used."""

    code = "INVALID_PARAM"


class MissingParam(BadInput):
    """A required parameter is absent or empty."""

    code = "MISSING_PARAM"


class InvalidParam(BadInput):
    """A parameter has a value outside what it allows."""

    code = "INVALID_PARAM"


class InvalidBody(BadInput):
    """The request body cannot be read or misses required fields."""

    code = "INVALID_BODY"


class NotFound(SmartSpawnError):
    """What was asked for does not exist."""

    code = "NOT_FOUND"


class NoModel(SmartSpawnError):
    """No model in the catalogue satisfies the request."""

    code = "NO_MODEL"


class NotSignedIn(SmartSpawnError):
    """A session or an API key is needed."""

    code = "UNAUTHORIZED"


class NotAllowed(SmartSpawnError):
    """The session's role or the key's scope does not reach this."""

    code = "FORBIDDEN"


class Conflict(SmartSpawnError):
    """Somebody else changed or holds what this request needs."""

    code = "CONFLICT"


class TooManyRequests(SmartSpawnError):
    """The caller has used up a rate limit."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UpstreamFault(SmartSpawnError):
    """Another server did not give what it was asked for."""

    code = "UPSTREAM_FAULT"


class UpstreamUnreachable(UpstreamFault):
    """No connection, or no whole answer in time."""

    code = "UPSTREAM_UNREACHABLE"

    def __init__(self, message: str, *, was_connected: bool = True) -> None:
        super().__init__(message)
        self.was_connected = was_connected  # False: certainly nothing was sent


class UpstreamRefused(UpstreamFault):
    """The server answered with a status that is no success."""

    code = "UPSTREAM_REFUSED"

    def __init__(self, message: str, *, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(message, status=status)
        self.status = status
        self.retry_after_s = retry_after_s


class UpstreamTooLarge(UpstreamFault):
    """The answer is larger than the caller wants to hold."""

    code = "UPSTREAM_TOO_LARGE"


class AddressRefused(UpstreamFault):
    """The address lies where the caller may not reach: a private network, a cloud's metadata."""

    code = "ADDRESS_REFUSED"


class SourceFault(SmartSpawnError):
    """A source cannot be used as it came; its last good data stays in place."""

    code = "SOURCE_FAULT"


class SourceUnreachable(SourceFault):
    """The source did not answer, or answered with an error status."""

    code = "SOURCE_UNREACHABLE"


class SourceMalformed(SourceFault):
    """The payload does not have the shape that the source's format promises."""

    code = "SOURCE_MALFORMED"


class SourceImplausible(SourceFault):
    """The payload is well formed, but too different from the last one to be believed."""

    code = "SOURCE_IMPLAUSIBLE"


class SourceNotConfigured(SourceFault):
    """The source needs a key, a consent or a switch before it can be used."""

    code = "SOURCE_NOT_CONFIGURED"
