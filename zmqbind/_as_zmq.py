"""zmqbind under the name zmq: what `zmqbind.install_as_zmq` and `zmqbind run` put in PyZMQ's place.

`zmq.x.y` is the module `zmqbind.x.y`, under a second name in sys.modules. Only `zmq` is a module of its own, since its
`__version__` is not zmqbind's; whatever else is set in one of the two is set in both.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_file_location
from types import ModuleType

import zmqbind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.metadata import Distribution, DistributionFinder
    from types import CodeType
    from typing import Any

# Modules that only PyZMQ has, and where the names are found that programs import from them.
_ELSEWHERE = {
    "zmq.backend": ("zmqbind._core", "zmq"),
    "zmq.backend.cython": ("zmqbind._core", "zmq"),
    "zmq.backend.cython._zmq": ("zmqbind._core", "zmq"),
    "zmq.sugar": ("zmq",),
    "zmq.sugar.constants": ("zmq",),
    "zmq.sugar.context": ("zmq",),
    "zmq.sugar.frame": ("zmq",),
    "zmq.sugar.poll": ("zmq",),
    "zmq.sugar.socket": ("zmq",),
    "zmq.sugar.stopwatch": ("zmq",),
    "zmq.sugar.tracker": ("zmq",),
    "zmq.sugar.version": ("zmq",),
}

# What each module has of its own.
_OWN = {
    *vars(ModuleType("")),
    "__builtins__",
    "__cached__",
    "__class__",
    "__file__",
    "__getattr__",
    "__path__",
    "__version__",
}


class _Twin(ModuleType):
    """The class of both `zmq` and `zmqbind`. Each has all the names, so that reading them takes no detour."""

    def __setattr__(self, name: str, value: Any) -> None:
        for module in _that_share(name, self):
            ModuleType.__setattr__(module, name, value)

    def __delattr__(self, name: str) -> None:
        ModuleType.__delattr__(self, name)
        for module in _that_share(name, self):
            vars(module).pop(name, None)


def _that_share(name: str, module: ModuleType) -> tuple[ModuleType, ...]:
    """The twins that have an attribute of this name in common; __spec__ and the like are a module's own."""
    zmq = sys.modules.get("zmq")
    return (module,) if name in _OWN or not isinstance(zmq, _Twin) else (zmq, zmqbind)


def become_zmq(module: ModuleType) -> None:
    """Fill an empty module called zmq: it becomes the twin of zmqbind, and says so by its `__file__`."""
    vars(module).update({name: value for name, value in vars(zmqbind).items() if name not in _OWN})
    vars(module).update(__file__=zmqbind.__file__, __path__=zmqbind.__path__)
    _become(module, ("zmqbind",))
    module.__class__ = zmqbind.__class__ = _Twin


def _become(module: ModuleType, sources: tuple[str, ...]) -> None:
    """Have a module find names in others when they are asked for, as if it had them itself."""
    name = module.__name__
    vars(module).update(
        __all__=zmqbind.__all__,
        __doc__=zmqbind.__doc__,
        __getattr__=_lookup(name, sources),
        __version__=zmqbind.pyzmq_version(),
    )


def _lookup(module: str, sources: tuple[str, ...]) -> Callable[[str], Any]:
    """The `__getattr__` of such a module."""

    def __getattr__(name: str) -> Any:
        if f"{module}.{name}" in _ELSEWHERE:
            return import_module(f"{module}.{name}")
        if not name.startswith("__") or name in zmqbind.__all__:  # the others would tell what the source is
            for source in map(import_module, sources):
                if hasattr(source, name):
                    return getattr(source, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return __getattr__


class _Importer:
    """Finds and loads `zmq` and all below it: in the terms of sys.meta_path, both a finder and a loader."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Tell how a module is to be loaded; None if it is not zmq's, or zmqbind has nothing for it."""
        if fullname != "zmq" and not fullname.startswith("zmq."):
            return None
        if fullname in _ELSEWHERE:
            is_package = any(name.startswith(f"{fullname}.") for name in _ELSEWHERE)
            return ModuleSpec(fullname, self, is_package=is_package)  # type: ignore[arg-type]  # no subclass of Loader
        real = None if fullname.rpartition(".")[0] in _ELSEWHERE else find_spec(_real_name(fullname))
        if real is None:
            return None
        places = real.submodule_search_locations
        return spec_from_file_location(
            fullname,
            real.origin,
            loader=self,  # type: ignore[arg-type]
            submodule_search_locations=None if places is None else list(places),
        )

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Load zmqbind's module. The import system will make it look like another one: what it overwrites is kept."""
        if spec.name == "zmq" or spec.name in _ELSEWHERE:
            return None
        module = import_module(_real_name(spec.name))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Fill a new module, or give zmqbind's its spec back."""
        spec = module.__spec__
        assert spec is not None
        if spec.name == "zmq":
            become_zmq(module)
        elif spec.name in _ELSEWHERE:
            _become(module, _ELSEWHERE[spec.name])
        else:
            module.__spec__ = spec.loader_state

    def get_code(self, fullname: str) -> CodeType | None:
        """The code of a module, which ``python -m`` runs."""
        if fullname in _ELSEWHERE:
            return None
        spec = find_spec(_real_name(fullname))
        return spec.loader.get_code(spec.name)  # type: ignore[union-attr, no-any-return]

    def find_distributions(self, context: DistributionFinder.Context) -> Iterator[Distribution]:
        """What `importlib.metadata` shall tell those who ask for pyzmq by name."""
        if context.name is not None and context.name.lower() == "pyzmq":
            from ._as_pyzmq import AsPyZMQ

            yield AsPyZMQ()


def _real_name(name: str) -> str:
    return f"zmqbind{name[3:]}"


_importer = _Importer()


def install() -> None:
    """See zmqbind.install_as_zmq."""
    present = sys.modules.get("zmq")
    if present is not None and not isinstance(present, _Twin):
        raise RuntimeError(
            f"another zmq was imported before, from {getattr(present, '__file__', None)}: "
            "call zmqbind.install_as_zmq() before anything imports zmq"
        )
    if _importer not in sys.meta_path:
        sys.meta_path.insert(0, _importer)
