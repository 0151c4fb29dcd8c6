"""The zmq of programs that ``zmqbind run`` has started, and of the Python processes that they start.

A Python that has no zmqbind, and that the one which this file belongs to does not fit, gets the zmq that it has.
"""

# mypy: ignore-errors
# Without types, since any Python has to understand it, however old.


def _start():
    import os
    import sys

    module = sys.modules[__name__]
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        _import_zmqbind(os.path.dirname(here))
    except ImportError as error:
        for name in [name for name in sys.modules if name.split(".")[0] == "zmqbind"]:
            del sys.modules[name]
        # Out of the way, also of what looks for zmq later.
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
        found = [finder.find_spec(__name__, None) for finder in sys.meta_path]
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None:
            raise ModuleNotFoundError("No module named 'zmq'", name="zmq") from error
        # The same module, not another one: a thread that imports zmq just now has this one.
        module.__file__, module.__loader__, module.__spec__ = spec.origin, spec.loader, spec
        module.__path__ = spec.submodule_search_locations
        spec.loader.exec_module(module)
    else:
        from zmqbind import _as_zmq

        _as_zmq.become_zmq(module)
        _as_zmq.install()


def _import_zmqbind(package):
    """Import what this Python has installed, or else the one in the directory `package`."""
    from importlib.util import find_spec, module_from_spec, spec_from_file_location
    from os.path import join
    from sys import modules

    if find_spec("zmqbind") is None:
        spec = spec_from_file_location("zmqbind", join(package, "__init__.py"), submodule_search_locations=[package])
        modules["zmqbind"] = module_from_spec(spec)
        spec.loader.exec_module(modules["zmqbind"])
    else:
        import zmqbind  # noqa: F401


if __name__ == "zmq":
    _start()
