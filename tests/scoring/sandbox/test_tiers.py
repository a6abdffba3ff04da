from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evalsuite.scoring.sandbox import available_tier, describe, required_tier, tiers, view
from evalsuite.scoring.sandbox.contract import SandboxUnavailable, Tier
from evalsuite.scoring.sandbox.tiers import Offer


def machine_with(monkeypatch: pytest.MonkeyPatch, *works: Tier) -> None:
    """A machine where only these tiers work."""
    offers: dict[Tier, Offer] = {
        tier: Offer(tier=tier, works=tier in works, detail=f"about {tier}", remedy="do this")
        for tier in tiers.TIERS
    }
    monkeypatch.setattr(tiers, "offer", offers.__getitem__)


def test_without_a_word_it_is_the_full_one(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_with(monkeypatch, "full", "none")
    monkeypatch.delenv("EVALSUITE_SANDBOX", raising=False)
    assert required_tier() == "full"


def test_a_lower_tier_is_never_taken_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_with(monkeypatch, "bubblewrap", "none")
    monkeypatch.delenv("EVALSUITE_SANDBOX", raising=False)
    with pytest.raises(SandboxUnavailable) as refused:
        required_tier()
    text = str(refused.value)
    assert "tier 'full' here: about full. Either do this" in text
    assert "EVALSUITE_SANDBOX=bubblewrap or none" in text and "\n" not in text
    for tier in ("bubblewrap", "none"):
        monkeypatch.setenv("EVALSUITE_SANDBOX", tier)
        assert required_tier() == tier
    monkeypatch.setenv("EVALSUITE_SANDBOX", "container")
    with pytest.raises(SandboxUnavailable, match="tier 'container' here"):
        required_tier()


def test_a_weaker_tier_that_was_chosen_is_taken_and_none_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine_with(monkeypatch, "full", "none")
    monkeypatch.setenv("EVALSUITE_SANDBOX", "none")
    tiers._warn.cache_clear()
    assert [required_tier(), required_tier()] == ["none", "none"]
    (said,) = capsys.readouterr().err.splitlines()
    assert said == "evalsuite: EVALSUITE_SANDBOX=none: generated code runs as you, with about none"


def test_a_tier_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", "docker")
    with pytest.raises(SandboxUnavailable, match="full, bubblewrap, container or none"):
        required_tier()


def test_the_strictest_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_with(monkeypatch, "container", "none")
    assert available_tier() == "container"


def test_each_tier_says_what_it_is_or_what_is_missing() -> None:
    for tier in tiers.TIERS:
        offer = tiers.offer(tier)
        assert offer.detail and offer.works == (not offer.remedy)
        assert describe(tier) == f"{tier} ({offer.detail})"
    assert tiers.offer("none").works
    if tiers.offer("full").works:
        assert "user,pid,mount,net,ipc,uts" in describe("full")
        assert "seccomp" in describe("full") and "landlock" in describe("full")


@pytest.mark.parametrize(
    ("why", "what"),
    [
        ("unshare: Operation not permitted", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("mount_setattr: Function not implemented", "Linux 5.12"),
    ],
)
def test_remedies(why: str, what: str) -> None:
    assert what in tiers._remedy(why)


UNPRIVILEGED = """
import sys
sys.path.insert(0, sys.argv[1])
from evalsuite.scoring.sandbox import tiers
from evalsuite.scoring.sandbox.host import Candidate
offer = tiers.offer("full")
print(offer.works, offer.detail)
if offer.works:
    looks = "os.getuid(), os.listdir('.'), os.path.exists('/etc')"
    source = f"import os\\ndef f():\\n    return {looks}"
    with Candidate(source, tier="full") as candidate:
        print(*candidate.call("f"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(not tiers.offer("full").works, reason=tiers.offer("full").detail)
def test_an_ordinary_user_has_the_full_tier_too(tmp_path: Path) -> None:
    root = Path(tiers.__file__).parents[3]
    pythons = [view.interpreter(), "/usr/bin/python3"]
    for python in pythons:
        try:
            done = subprocess.run(
                [python, "-B", "-c", UNPRIVILEGED, str(root)],
                capture_output=True,
                text=True,
                user=12345,
                group=12345,
                extra_groups=[],
                cwd="/",
                env={},
            )
        except OSError:  # in a home that others cannot enter
            continue
        if "No module named" in done.stderr or "SyntaxError" in done.stderr:
            continue
        barred = "Operation not permitted" in done.stdout
        if barred:
            pytest.skip("ordinary users have no user namespaces here")
        assert done.returncode == 0, done.stderr
        offered, ran = done.stdout.splitlines()
        assert offered.startswith("True user,pid,mount,net,ipc,uts; as own user")
        assert ran == "1000 [] False"
        return
    pytest.skip("no interpreter that another user can run")


REFUSED = """
from evalsuite.scoring.sandbox import required_tier
from evalsuite.scoring.sandbox.contract import SandboxUnavailable
try:
    print(required_tier())
except SandboxUnavailable as refused:
    print(refused)
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
@pytest.mark.skipif(not tiers.offer("full").works, reason=tiers.offer("full").detail)
def test_where_name_spaces_are_barred_it_says_so() -> None:
    # In a user namespace of its own, where no further ones are allowed.
    barred = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", barred, sys.executable, REFUSED],
        capture_output=True,
        text=True,
        cwd=Path(tiers.__file__).parents[3],
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    assert "tier 'full' here" in done.stdout and "unprivileged user namespaces" in done.stdout
    assert "EVALSUITE_SANDBOX=none" in done.stdout and done.stdout.count("\n") == 1
