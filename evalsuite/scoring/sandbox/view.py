"""What candidates are shown of the machine: software, never anybody's data.

Installed Python packages are hidden, since data sets with their answers are installed as packages
too, and so is this one. Those that a task needs are shown one by one.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalsuite.scoring.sandbox.contract import SandboxUnavailable, Tier

_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib")
_PROGRAMS = ("/bin", "/sbin", "/usr")
_PACKAGE_FOLDERS = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Spec:
    """What distinguishes zygotes: where candidates run, and what they can see and import.

    Args:
        tier: Where candidates run.
        visible: Folders and files shown read-only under their own paths; links stay links.
        hidden: Folders in those that look empty.
        shown: Folders and files shown in spite of that.
        paths: Added to the candidate's import path.
        packages: Imported from there before any candidate is.
    """

    tier: Tier
    visible: tuple[str, ...]
    hidden: tuple[str, ...]
    shown: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


def for_functions(tier: Tier, packages: Sequence[str] = ()) -> Spec:
    """The standard library and the named packages.

    Raises:
        SandboxUnavailable: If one of them is not installed.
    """
    shown: list[str] = []
    folders: list[str] = []
    for name in packages:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise SandboxUnavailable(f"the candidates may import {name}, which is not installed")
        place = Path(found.origin)
        if found.submodule_search_locations:
            place = place.parent
        # Shared libraries that wheels keep beside the package.
        shown += [str(path) for path in (place, place.with_name(f"{name}.libs")) if path.exists()]
        folders.append(str(place.parent))
    return Spec(
        tier,
        (*interpreter_files(), *_shared_libraries()),
        tuple(_installed_packages()),
        tuple(shown),
        tuple(dict.fromkeys(folders)),
        tuple(packages),
    )


def _shared_libraries() -> tuple[str, ...]:
    """Folders of shared libraries alone, where the distribution keeps them apart (Debian)."""
    name = str(sysconfig.get_config_var("MULTIARCH") or "")
    if name and os.path.isdir(f"/usr/lib/{name}"):
        return (f"/lib/{name}", f"/usr/lib/{name}", "/lib64", "/usr/lib64")
    return _LIBRARIES


def for_programs(tier: Tier, read_only: Sequence[Path]) -> Spec:
    """The machine's programs and libraries, and what the caller adds."""
    names = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d")
    # Debian keeps parts of the Java runtime in /etc.
    settings = [Path("/etc", name) for name in names] + sorted(Path("/etc").glob("java-*"))
    added = [str(path.absolute()) for path in (*settings, *read_only)]
    visible = (*interpreter_files(), *_PROGRAMS, *_LIBRARIES, *added)
    return Spec(tier, visible, tuple(_installed_packages()))


def interpreter() -> str:
    """The Python that candidates run in: the one below a virtual environment, which is lighter."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def interpreter_files() -> tuple[str, ...]:
    """The interpreter, its shared library and its standard library."""
    library = sysconfig.get_config_var("LDLIBRARY") or ""
    folder = sysconfig.get_config_var("LIBDIR") or ""
    names = (interpreter(), os.path.join(folder, library))
    return (*names, *_library_folders())


def _library_folders() -> tuple[str, str]:
    """Where the standard library lies: its Python and its compiled part, often the same."""
    library = sysconfig.get_path("stdlib")
    compiled = sysconfig.get_config_var("DESTSHARED")
    return library, os.path.dirname(compiled) if compiled else library


def _installed_packages() -> Iterator[str]:
    """Folders of installed packages in what is shown."""
    homes = set(map(Path, _library_folders()))
    for root in ("/usr/lib", "/usr/lib64", "/usr/local/lib"):
        homes.update(Path(root).glob("python3*"))
    for home in sorted(homes):
        for name in _PACKAGE_FOLDERS:
            if (home / name).is_dir():
                yield os.path.realpath(home / name)
