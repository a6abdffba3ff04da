"""Energy where no counter can be read: an estimate that says of itself what it is.

One is stated in the experiment (``watts`` of a machine, joules per 1,000 output tokens of an
endpoint); the other is assumed of work on this machine's processor, by Cloud Carbon Footprint's
formula (its Methodology, "Compute"): watts = least + utilisation x (most - least) for each vCPU,
with its averages over the processors of AWS, 0.74 W idle and 3.5 W fully used, from SPECpower's
results. A thread that computes uses one vCPU fully. The memory, the rest of the machine and the
data centre (power usage effectiveness) are not in it.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

BUSY_WATTS_PER_VCPU = 3.5
IDLE_WATTS_PER_VCPU = 0.74
ASSUMED = "assumed"
NOT_COMPUTED = "nothing was computed"
"""The basis of a call that was refused here before anything was: 0 joules, and known."""


class Energy(NamedTuple):
    """Joules of a call, the part of them that idling takes, and how they were obtained."""

    joules: float | None
    idle_joules: float | None
    basis: str | None


UNKNOWN_ENERGY = Energy(None, None, None)


class Power(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an estimate goes by: ``watts`` while it computes, or joules for the tokens it wrote.

    ``idle_watts`` are those of the same machine when nothing runs, None where nobody knows.
    ``basis`` is what calls say of it.
    """

    basis: str
    watts: float | None = None
    idle_watts: float | None = None
    joules_per_thousand_output_tokens: float | None = None

    def of(self, machine_seconds: float | None, output_tokens: int | None) -> Energy:
        """The energy of so much work; unknown where what it goes by is."""
        if self.watts is not None and machine_seconds is not None:
            idle = None if self.idle_watts is None else self.idle_watts * machine_seconds
            return Energy(self.watts * machine_seconds, idle, self.basis)
        per_thousand = self.joules_per_thousand_output_tokens
        if per_thousand is not None and output_tokens is not None:
            return Energy(per_thousand * output_tokens / 1000, None, self.basis)
        return UNKNOWN_ENERGY


def stated_watts(watts: float) -> Power:
    """The power of a machine as its user states it."""
    return Power(watts=watts, basis=f"estimated: {watts:g} W stated x machine seconds")


def stated_tokens(joules_per_thousand: float) -> Power:
    """The energy of an endpoint's tokens as the user states it."""
    return Power(
        joules_per_thousand_output_tokens=joules_per_thousand,
        basis=f"estimated: {joules_per_thousand:g} J stated per 1,000 output tokens",
    )


def assumed_vcpus(threads: int) -> Power:
    """The power of ``threads`` busy vCPUs of an average cloud machine."""
    return Power(
        watts=BUSY_WATTS_PER_VCPU * threads,
        idle_watts=IDLE_WATTS_PER_VCPU * threads,
        basis=f"{ASSUMED}: {BUSY_WATTS_PER_VCPU:g} W a busy vCPU (Cloud Carbon Footprint, AWS "
        f"average) x {threads} x machine seconds",
    )


def power_of(watts: float | None, device: str, threads: int) -> Power | None:
    """What is stated, or else assumed of a processor; None for a GPU, whose power varies widely."""
    if watts is not None:
        return stated_watts(watts)
    return assumed_vcpus(threads) if device == "cpu" else None
