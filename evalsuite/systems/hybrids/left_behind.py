"""Calls that nobody waits for any more: they go on, are paid for, and stay on record."""

from __future__ import annotations

import asyncio

from evalsuite.records import Answer


def leave_behind(hop: asyncio.Task[Answer]) -> None:
    """Let ``hop`` finish unheard; that it fails is on record, and no news to anyone."""
    hop.add_done_callback(lambda done: done.cancelled() or done.exception())
