"""How many failed answers a run puts up with before it stops, so that a broken set-up is cheap."""

from __future__ import annotations

from collections import Counter

from evalsuite.errors import StoppedEarly
from evalsuite.records import Response

_FEWEST_ANSWERS = 20


class ErrorsAllowed:
    """Counts the failed answers of one session.

    ``most`` is a number of them, a share of the answers ("5%", judged from the 20th answer on), or
    None for no limit.
    """

    def __init__(self, most: int | str | None) -> None:
        """``most`` as it was checked in the experiment."""
        self._most = most
        self._answers = 0
        self._kinds: Counter[str] = Counter()

    def count(self, response: Response) -> None:
        """Take note of a fresh answer. Raises StoppedEarly where there are too many failures."""
        self._answers += 1
        if response.error_kind is not None:
            self._kinds[response.error_kind] += 1
        failed = self._kinds.total()
        if self._most is not None and self._too_many(failed, self._most):
            kinds = ", ".join(f"{kind} {n}" for kind, n in self._kinds.most_common())
            raise StoppedEarly(
                f"{failed} of {self._answers} answers failed ({kinds}); max_errors {self._most}"
            )

    def _too_many(self, failed: int, most: int | str) -> bool:
        if isinstance(most, int):
            return failed > most
        share = float(most.removesuffix("%")) / 100
        return self._answers >= _FEWEST_ANSWERS and failed > share * self._answers
