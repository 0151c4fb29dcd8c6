"""Headless Chromium, driven by Selenium, for tests of what people see in a browser.

Where one of the two is missing, the test is skipped, unless ZMQBIND_BROWSER=required, which `make browser` sets.
"""

from __future__ import annotations

import contextlib
import os
import shutil

import pytest

FLAGS = [
    "--headless",
    "--disable-gpu",
    # It looks for nothing outside of this machine.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def _find(*programs):
    for program in programs:
        if path := shutil.which(program):
            return path
    _missing(programs[0])


def _missing(what):
    reason = f"there is no {what}; `make browser` installs it"
    if os.environ.get("ZMQBIND_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@contextlib.contextmanager
def open_browser(profile, *flags):
    """A Selenium WebDriver of a new headless Chromium, which is closed at the end of the `with` block.

    profile: a directory to make, for what the browser keeps. flags: more options of Chromium's command line.
    """
    try:
        from selenium import webdriver
    except ImportError:
        _missing("selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = _find("chromium", "google-chrome")
    for flag in [*FLAGS, f"--user-data-dir={profile}", *flags]:
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's sandbox refuses to work for root
    # Named, since Selenium would download a driver otherwise.
    service = webdriver.ChromeService(executable_path=_find("chromedriver"))
    driver = webdriver.Chrome(options, service)
    try:
        yield driver
    finally:
        driver.quit()
