"""Running programs that models wrote, where they cannot reach what grades them."""

from __future__ import annotations

from evalsuite.scoring.sandbox.host import Tier, available_tier, required_tier

__all__ = ["Tier", "available_tier", "required_tier"]
