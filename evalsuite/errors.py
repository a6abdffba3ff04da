"""The one exception tree.

EvalsuiteError
├── UserError              a mistake the user can mend; one line, exit code 2
│   ├── ConfigError        an experiment, task or judge file is wrong (names file and line)
│   ├── DataMissing        a dataset is not on this machine (names what to fetch and where)
│   ├── BadData            a data file does not hold what it should (names file and row)
│   ├── ExtraMissing       an optional dependency is not installed (names the extra)
│   ├── NoFiniteEstimate   ratings that the battles do not determine (evalsuite.judging)
│   └── CallRefused        authentication, unknown model: every further call would fail, so stop
├── StoppedEarly           a budget or the errors allowed are used up; saved, exit code 3
├── Interrupted            Ctrl-C; saved, exit code 130
└── CallFailed             one model call did not give an answer; data, not a crash
    ├── CallTransient      rate limit, server error, timeout, connection: worth another try
    └── CallRejected       this request can never succeed (too long, filtered, malformed reply)

A failed call is recorded under its ``kind`` and makes its sample a ``system_error``; it is never
turned into an answer. Anything outside this tree is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

from pathlib import Path


class EvalsuiteError(Exception):
    """Root of everything this package raises on purpose."""


class UserError(EvalsuiteError):
    """A mistake the user can mend: printed as one line, exit code 2."""


class ConfigError(UserError):
    """An experiment, task or judge file says something that cannot be."""


class DataMissing(UserError):
    """A dataset is neither in the local mirror nor in the cache."""


class ExtraMissing(UserError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        """``package`` is needed for ``purpose`` and comes with ``evalsuite[extra]``."""
        super().__init__(
            f"{purpose} needs {package}, which is not installed: pip install 'evalsuite[{extra}]'"
        )


class CallRefused(UserError):
    """The endpoint refuses this caller or model: no sample would fare better, so the run stops.

    Not a CallFailed, because a hybrid must not work around it. Nothing is billed for a refusal.
    """

    def __init__(self, message: str, *, kind: str) -> None:
        """``kind`` is a stable snake_case name."""
        super().__init__(message)
        self.kind = kind


class CallFailed(EvalsuiteError):
    """One model call gave no answer.

    ``kind`` is a stable snake_case name for tables. ``billed`` is False where it is known that
    nothing was charged (an error status, a request never sent), None where nobody can know (a
    connection lost half-way). ``retries`` and ``backoff_seconds`` are what had been tried.
    ``recorded`` marks a failure that a recording gave: it took no time.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        billed: bool | None = None,
        retries: int = 0,
        backoff_seconds: float = 0.0,
        recorded: bool = False,
    ) -> None:
        """Keep ``message`` for people and the rest for the record."""
        super().__init__(message)
        self.kind = kind
        self.billed = billed
        self.retries = retries
        self.backoff_seconds = backoff_seconds
        self.recorded = recorded


class CallTransient(CallFailed):
    """The call may succeed when tried again; ``retry_after_seconds`` where the server said so."""

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        billed: bool | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """``retry_after_seconds`` is None where the server named no time."""
        super().__init__(message, kind=kind, billed=billed)
        self.retry_after_seconds = retry_after_seconds


class CallRejected(CallFailed):
    """This very request can never be answered by this model."""


class StoppedEarly(EvalsuiteError):
    """The run reached a limit that the user set; what was paid for is saved, and it can go on.

    ``folder`` is the run's, where it got as far as having one: its tables hold what was answered.
    """

    folder: Path | None = None


class Interrupted(EvalsuiteError):
    """The run was asked to stop; what was paid for is saved, the message says how to go on."""
