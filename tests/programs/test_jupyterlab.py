"""JupyterLab on zmqbind, and its kernel too: a cell is run in a browser."""

import json
import os
from pathlib import Path

import pytest

CELL = 'import os, zmq\nprint("The kernel", os.getpid(), "is on", zmq.Socket.__module__)'
OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--IdentityProvider.token=secret",
    "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
]


def write_notebook(path):
    cell = {"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": [], "source": CELL}
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook))


@pytest.mark.browser
@pytest.mark.timeout(150)
def test_jupyterlab(start, uses_zmqbind, browser, tmp_path):
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    def wait_until(condition):
        """What `condition` returns, once it is true; the page builds itself up, so that elements come and go."""
        return WebDriverWait(browser, 60, ignored_exceptions=[WebDriverException]).until(lambda _: condition())

    def find(selector):
        return browser.find_element(By.CSS_SELECTOR, selector)

    write_notebook(tmp_path / "test.ipynb")
    lab = start("-m", "jupyterlab", *OPTIONS)
    address = lab.wait_for(r"(http://127\.0\.0\.1:\d+/lab)\?")
    browser.set_window_size(1200, 700)
    browser.get(f"{address}/tree/test.ipynb?token=secret")
    try:
        wait_until(lambda: "Python 3 (ipykernel) | Idle" in find("#jp-main-statusbar").text)
        wait_until(lambda: find(".jp-Notebook .cm-content").click() or True)
        browser.switch_to.active_element.send_keys(Keys.SHIFT + Keys.ENTER)
        written = wait_until(lambda: find(".jp-OutputArea-output pre").text)
    finally:
        browser.save_screenshot(os.environ.get("ZMQBIND_SCREENSHOT", str(tmp_path / "jupyterlab.png")))
    pid = int(written.split()[2])
    assert written == f"The kernel {pid} is on zmqbind.socket"
    assert uses_zmqbind(pid)
    assert uses_zmqbind(lab.process.pid)
    lab.process.terminate()
    lab.finish()
    assert not Path(f"/proc/{pid}").exists()
