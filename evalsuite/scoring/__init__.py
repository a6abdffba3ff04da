"""Pure metrics, one file a family; ``sandbox`` runs generated code."""

from __future__ import annotations
