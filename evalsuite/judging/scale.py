"""From log-odds to the points that people read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evalsuite.errors import ConfigError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Where ratings stand: Elo's 400 points for odds of 10 to 1, around 1000.

    Attributes:
        points: difference in rating at which the odds are ``base`` to 1.
        base: those odds.
        center: mean rating of the models (of each connected part).
        anchors: model -> rating it is given instead; its own interval is then of no width, and
            the others' are those of their distance to it. One in a connected part.
    """

    points: float = 400.0
    base: float = 10.0
    center: float = 1000.0
    anchors: Mapping[str, float] = field(default_factory=dict)

    @property
    def points_per_log_odds(self) -> float:
        """Rating points of one natural unit of log-odds: 173.7 on Elo's scale."""
        return self.points / math.log(self.base)

    def placing(self, models: tuple[str, ...], parts: Integers) -> tuple[Floats, Floats]:
        """(K, K) matrix and (K,) offset that take log-odds to ratings.

        Raises:
            ConfigError: an anchor that is no model, or a second one in its part.
        """
        unknown = [name for name in self.anchors if name not in models]
        if unknown:
            raise ConfigError(
                f"anchor {unknown[0]!r} fought no battle; models: {', '.join(models)}"
            )
        matrix = np.eye(len(models))
        offset = np.full(len(models), self.center)
        for part in range(int(parts.max()) + 1):
            members = np.flatnonzero(parts == part)
            anchors = [k for k in members if models[k] in self.anchors]
            if len(anchors) > 1:
                both = " and ".join(models[k] for k in anchors[:2])
                raise ConfigError(f"anchors {both} are compared with each other; fix one of them")
            fixed = np.array(anchors) if anchors else members
            matrix[np.ix_(members, fixed)] -= 1 / len(fixed)
            if anchors:
                offset[members] = self.anchors[models[anchors[0]]]
        return self.points_per_log_odds * matrix, offset
