"""setuptools as the build backend, which also asks PyPI for the programs that building libzmq takes."""

import os

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403  # the hooks that stay as they are

from buildtools import bundle


def get_requires_for_build_wheel(config_settings=None):
    """What setuptools wants, and what a bundled build adds."""
    return build_meta.get_requires_for_build_wheel(config_settings) + extra_requirements()


def get_requires_for_build_editable(config_settings=None):
    """The same for `pip install --editable`."""
    return build_meta.get_requires_for_build_editable(config_settings) + extra_requirements()


def extra_requirements():
    """The programs that libzmq is built with, where it will be built and they are missing."""
    return bundle.requirements() if os.environ.get("ZMQBIND_LIBZMQ") == "bundled" else []
