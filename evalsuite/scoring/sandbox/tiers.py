"""Which isolation this machine can give, found by trying; which one was chosen."""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass
from typing import get_args

from evalsuite.scoring.sandbox import bubblewrap, cgroups, container, view
from evalsuite.scoring.sandbox.contract import SandboxBroken, SandboxUnavailable, Tier
from evalsuite.scoring.sandbox.inside import kernel
from evalsuite.scoring.sandbox.inside.walls import features
from evalsuite.scoring.sandbox.launch import probe
from evalsuite.scoring.sandbox.zygotes import zygote

VARIABLE = "EVALSUITE_SANDBOX"
TIERS: tuple[Tier, ...] = get_args(Tier)
"""Strictest first."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What this machine can do in one tier.

    Args:
        tier: The tier.
        works: Whether candidates can run in it.
        detail: What protects them where it works; why it does not where it does not.
        remedy: What to do to have it; empty where it works.
    """

    tier: Tier
    works: bool
    detail: str
    remedy: str = ""


@functools.cache
def offer(tier: Tier) -> Offer:
    """What this machine can do in ``tier``; tried once in a process."""
    match tier:
        case "full":
            return _full()
        case "bubblewrap":
            return _bubblewrap()
        case "container":
            return _container()
        case "none":
            detail = "resource limits only: it can read your files and use your network"
            return Offer(tier="none", works=True, detail=detail)


def _bubblewrap() -> Offer:
    if not bubblewrap.installed():
        remedy = "install bubblewrap (apt install bubblewrap)"
        return _refused("bubblewrap", "bwrap is not installed", remedy)
    try:
        probe(view.for_functions("bubblewrap"))
    except SandboxBroken as error:
        return _refused("bubblewrap", str(error), "allow bwrap to make user namespaces")
    user = "as root" if os.geteuid() == 0 else "as own user"
    return Offer(
        tier="bubblewrap",
        works=True,
        detail="; ".join(["user,pid,mount,net,ipc,uts", user, *_second_walls()]),
    )


def _container() -> Offer:
    if found := container.obstacle():
        return _refused("container", *found)
    try:
        probe(view.for_functions("container"))
    except SandboxBroken as error:
        return _refused("container", str(error), f"see {container.runtime()} logs")
    walls = [f"{container.runtime()} {container.image()}", "no network", "as nobody"]
    return Offer(tier="container", works=True, detail="; ".join([*walls, *_second_walls()]))


def _full() -> Offer:
    if not sys.platform.startswith("linux"):
        detail = f"{sys.platform} has no name spaces"
        return _refused("full", detail, "use Linux, or the container tier")
    if not kernel.SUPPORTED:
        return _refused("full", f"not known on {kernel.MACHINE}", "use x86_64 or aarch64")
    spec = view.for_functions("full")
    try:
        probe(spec)
        user, groups = zygote(spec).user, cgroups.describe()
    except SandboxBroken as error:
        return _refused("full", str(error), _remedy(str(error)))
    walls = ["user,pid,mount,net,ipc,uts", f"as {user}", *_second_walls(), groups]
    return Offer(tier="full", works=True, detail="; ".join(walls))


def _second_walls() -> list[str]:
    """What stands behind the name spaces on this kernel, and what does not."""
    found = features() if kernel.SUPPORTED else []
    missing = [
        f"no {name}" for name in ("seccomp", "landlock") if not any(name in item for item in found)
    ]
    return [*found, *missing]


def _refused(tier: Tier, detail: str, remedy: str) -> Offer:
    return Offer(tier=tier, works=False, detail=detail, remedy=remedy)


def _remedy(why: str) -> str:
    if why.startswith(cgroups.VARIABLE):
        return f"unset {cgroups.VARIABLE}, or see docs/sandbox.md for how to make such a group"
    if "mount_setattr" in why or "clone3" in why:
        return "use Linux 5.12 or later; in a container, allow these calls (--security-opt seccomp)"
    return (
        "allow unprivileged user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0 "
        "(Ubuntu), kernel.unprivileged_userns_clone=1 (Debian), user.max_user_namespaces=10000 "
        "(RHEL); in Docker, --security-opt seccomp=unconfined --security-opt "
        "apparmor=unconfined --security-opt systempaths=unconfined"
    )


def available_tier() -> Tier:
    """The strictest tier that works on this machine."""
    return next(tier for tier in TIERS if offer(tier).works)


def required_tier() -> Tier:
    """The tier to run candidates in: the one that $EVALSUITE_SANDBOX names, else "full".

    A weaker tier is never taken in its place. "none" is said on standard error, once.

    Raises:
        SandboxUnavailable: If this machine cannot do it, or the variable names no tier.
    """
    asked = os.environ.get(VARIABLE) or "full"
    chosen = next((tier for tier in TIERS if tier == asked), None)
    if chosen is None:
        raise SandboxUnavailable(f"{VARIABLE} is {asked!r}; it may be {_either(TIERS)}")
    found = offer(chosen)
    if not found.works:
        others = [tier for tier in TIERS if tier != chosen and offer(tier).works]
        raise SandboxUnavailable(
            f"generated code cannot be isolated in tier {chosen!r} here: {found.detail}. "
            f"Either {found.remedy}; or choose by {VARIABLE}={' or '.join(others)} "
            "(see: evalsuite doctor)"
        )
    if chosen == "none":
        _warn()
    return chosen


@functools.cache
def _warn() -> None:
    """Say once in a process that nothing protects this user from generated code."""
    text = f"evalsuite: {VARIABLE}=none: generated code runs as you, with {offer('none').detail}"
    print(text, file=sys.stderr)


def describe(tier: Tier) -> str:
    """The tier with what makes it up on this machine, as the manifest records it."""
    return f"{tier} ({offer(tier).detail})"


def _either(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
