"""Python files of anyone's, imported by path: tasks, and systems of the user's own."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from evalsuite.records import fingerprint


def import_file(path: Path) -> ModuleType:
    """The module in the existing file ``path``, imported once; its own errors stay as they are."""
    name = f"evalsuite_file_{path.stem}_{fingerprint(str(path.resolve()))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks annotations up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
