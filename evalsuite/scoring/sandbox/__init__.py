"""Running programs that models wrote, where they cannot reach what grades them."""

from __future__ import annotations

from evalsuite.scoring.sandbox.contract import Tier
from evalsuite.scoring.sandbox.tiers import available_tier, describe, required_tier

__all__ = ["Tier", "available_tier", "describe", "required_tier"]
