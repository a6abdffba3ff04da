"""Fetching a published file: whole and right under its name, or not there at all.

What has arrived of a file waits beside others of its kind in the folder ``.partial`` of the cache.
A connection that is cut is taken up where it ended, if the server says that it still has the same
file; two processes that want one file take turns.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalsuite.datasets.lines import unpacked
from evalsuite.errors import ExtraMissing

if TYPE_CHECKING:
    from email.message import Message

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes of the whole, None where not known."""

ATTEMPTS = 4
"""How often in a row nothing may arrive before the file is given up."""

FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_SILENCE_SECONDS = 60.0
_BLOCK_BYTES = 1 << 18
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_HUB = re.compile(r"hf://datasets/(?P<repo>[^/]+/[^/@]+)@(?P<revision>[^/]+)/(?P<path>.+)")


class NotFetched(Exception):
    """A file could not be had; the message says why, in a few words."""


class _Cut(Exception):
    """The connection was lost, or the server is busy: worth another try."""

    def __init__(self, why: str, wait_seconds: float | None = None) -> None:
        super().__init__(why)
        self.wait_seconds = wait_seconds


def offline() -> bool:
    """Whether nothing may be fetched: EVALSUITE_OFFLINE is set, and not to 0 or nothing."""
    return os.environ.get("EVALSUITE_OFFLINE", "").strip().lower() not in ("", "0", "false", "no")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file as it was published; see :class:`evalsuite.datasets.DataFile`."""

    url: str
    sha256: str
    lines: int | None


def fetch(published: Published, target: Path, cache: Path, tell: Progress | None = None) -> None:
    """Fetch, unpack and check a file; ``target`` appears only whole and right.

    Args:
        published: What is wanted.
        target: Where it goes; nothing is fetched if another process has put it there meanwhile.
        cache: The folder for locks and for what has arrived in part.
        tell: Told of progress.

    Raises:
        NotFetched: If it cannot be had, or its content is not the recorded one.
        OSError: If it cannot be written.
        ExtraMissing: If it must come from the hub and huggingface-hub is not installed.
    """
    part = cache / ".partial" / hashlib.sha256(str(target).encode()).hexdigest()[:24]
    part.parent.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(part.with_suffix(".lock")):
        if target.exists():
            return
        if published.url.startswith("hf://"):
            _keep(_hub_file(published.url), published, target)
            return
        resumed = _download(published.url, part, tell)
        try:
            _keep(part, published, target)
        except NotFetched:
            _forget(part)
            if not resumed:
                raise
            # What was taken up may have been of another file after all: once more, from its start.
            _download(published.url, part, tell)
            _keep(part, published, target)
        finally:
            _forget(part)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold ``lock``; another process waits for it. The system frees it if this one dies."""
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _keep(raw: Path, published: Published, target: Path) -> None:
    """Unpack ``raw`` beside ``target`` and give it that name if it is what was wanted."""
    made = target.with_name(f".{target.name}.{os.getpid()}")
    digest = hashlib.sha256()
    try:
        with unpacked(raw) as file, made.open("wb") as whole:
            # Lines of a binary file are only blocks, unless the number of lines is asked for.
            blocks = iter(lambda: file.read(_BLOCK_BYTES), b"")
            for block in (
                blocks if published.lines is None else itertools.islice(file, published.lines)
            ):
                digest.update(block)
                whole.write(block)
            whole.flush()
            os.fsync(whole.fileno())
        if digest.hexdigest() != published.sha256:
            raise NotFetched(
                f"its sha256 is {digest.hexdigest()[:12]}..., not {published.sha256[:12]}..."
            )
        os.replace(made, target)
    except EOFError as error:
        raise NotFetched(f"it is packed, and damaged: {error}") from None
    finally:
        made.unlink(missing_ok=True)


# --- over http ----------------------------------------------------------------------------------


def _download(url: str, part: Path, tell: Progress | None) -> bool:
    """Bring the content of ``url`` to ``part``; whether any of it is from an earlier attempt."""
    resumed, failures, size = False, 0, _size(part)
    while True:
        try:
            return _attempt(url, part, tell) or resumed
        except _Cut as cut:
            arrived, size = _size(part) > size, _size(part)
            resumed, failures = resumed or size > 0, 0 if arrived else failures + 1
            if failures == ATTEMPTS:
                raise NotFetched(f"{cut}, {ATTEMPTS} times") from None
            wait = min(_LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**failures)
            time.sleep(max(cut.wait_seconds or 0.0, wait * random.uniform(0.5, 1.0)))


def _attempt(url: str, part: Path, tell: Progress | None) -> bool:
    """One request for what is missing of ``part``; whether it went on with what was there."""
    # Slow to import, and most runs fetch nothing.
    import http.client
    import socket
    import urllib.error
    import urllib.request

    have, headers = _size(part), {"User-Agent": "evalsuite", "Accept-Encoding": "identity"}
    validator = _validator(part, url) if have else None
    if validator is not None:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=_SILENCE_SECONDS) as answer:
            goes_on = validator is not None and _goes_on(answer, have)
            _receive(answer, part, url, have if goes_on else 0, tell)
            return goes_on
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416 and have:
                _forget(part)
                raise _Cut("the server has another file now") from None
            if error.code in _TRANSIENT_STATUS:
                raise _Cut(f"HTTP {error.code} {error.reason}", _asked_wait(error)) from None
            raise NotFetched(f"HTTP {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, socket.gaierror):
            raise NotFetched(f"no such host, or no network: {reason.strerror}") from None
        if isinstance(reason, TimeoutError | ConnectionError):
            raise _Cut(f"no connection: {reason}") from None
        raise NotFetched(str(reason)) from None
    except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise _Cut(f"the connection was cut ({type(error).__name__})") from None
    except ValueError as error:
        raise NotFetched(str(error)) from None


def _receive(answer: Any, part: Path, url: str, have: int, tell: Progress | None) -> None:
    length = answer.headers.get("Content-Length")
    whole = have + int(length) if length and length.isdecimal() else None
    if not have:
        _remember(part, url, answer.headers)
    with part.open("ab" if have else "wb") as file:
        while block := answer.read1(_BLOCK_BYTES) if hasattr(answer, "read1") else answer.read():
            file.write(block)
            have += len(block)
            if tell is not None:
                tell(have, whole)
    if whole is not None and have < whole:
        raise _Cut(f"the connection was cut after {have:,} of {whole:,} bytes")


def _goes_on(answer: Any, have: int) -> bool:
    """Whether the server sends the rest of what is there, rather than all of it again."""
    stated = answer.headers.get("Content-Range", "")
    return getattr(answer, "status", None) == 206 and stated.startswith(f"bytes {have}-")


def _asked_wait(error: Any) -> float | None:
    stated = error.headers.get("Retry-After", "")
    return min(_LONGEST_WAIT_SECONDS, float(stated)) if stated.isdecimal() else None


# --- what has arrived ---------------------------------------------------------------------------


def _remember(part: Path, url: str, headers: Message) -> None:
    """Write down by what the server would know this very file again: a strong tag or a date."""
    tag = headers.get("ETag")
    strong = tag if tag and not tag.startswith("W/") else None
    known = {"url": url, "validator": strong or headers.get("Last-Modified")}
    part.with_suffix(".json").write_text(json.dumps(known), encoding="utf-8")


def _validator(part: Path, url: str) -> str | None:
    try:
        known = json.loads(part.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = known.get("validator") if known.get("url") == url else None
    return found if isinstance(found, str) else None


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_suffix(".json").unlink(missing_ok=True)


# --- from the hub -------------------------------------------------------------------------------


def _hub_file(url: str) -> Path:
    """The file of a dataset on the Hugging Face hub, in the hub's own cache."""
    match = _HUB.fullmatch(url)
    if match is None:
        raise NotFetched("not of the form hf://datasets/OWNER/NAME@REVISION/PATH")
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        raise ExtraMissing("huggingface-hub", "hub", f"fetching {url}") from None
    try:
        local = hf_hub_download(
            match["repo"], match["path"], revision=match["revision"], repo_type="dataset"
        )
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise NotFetched(_first_line(error)) from None
    except Exception as error:
        # Versions of the hub's client differ in what they reach it by, and let its errors through.
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpx2", "httpcore"):
            raise
        raise NotFetched(_first_line(error)) from None
    return Path(local)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
