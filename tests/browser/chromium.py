"""A headless Chromium, controlled over WebDriver (HTTP). It needs no other library."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress

import requests

PROGRAMS = ("chromium", "chromedriver")
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
)
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing():
    return [program for program in PROGRAMS if shutil.which(program) is None]


class Browser:
    """One window. `complaints()` returns the messages of the browser's console since the last call."""

    def __init__(self):
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        port = next(found[1] for line in self._driver.stdout if (found := re.search(r"on port (\d+)\.", line)))
        self._session = requests.Session()
        self._session.trust_env = False
        self._at = f"http://127.0.0.1:{port}/session"
        options = {"binary": shutil.which("chromium"), "args": [*_ARGUMENTS, f"--user-data-dir={self._profile.name}"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._at += "/" + self._ask("POST", "", capabilities={"alwaysMatch": wanted})["sessionId"]

    def close(self):
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.communicate()
            self._profile.cleanup()

    def open(self, url):
        self._ask("POST", "/url", url=url)

    @property
    def url(self):
        return self._ask("GET", "/url")

    def text(self, css="body"):
        return self._ask("GET", f"/element/{self._find('css selector', css)}/text")

    def click(self, link):
        """Follow the first link with this text."""
        self._ask("POST", f"/element/{self._find('link text', link)}/click")

    def fill(self, css, text):
        """Type into an empty field, or choose from a list. `\\n` sends the form."""
        self._ask("POST", f"/element/{self._find('css selector', css)}/value", text=text)

    def press(self, css):
        self._ask("POST", f"/element/{self._find('css selector', css)}/click")

    def shows(self, text, css="main"):
        """Wait until an element contains the text, and return its whole text."""
        return self._once(lambda: self.text(css), text)

    def arrives(self, part):
        self._once(lambda: self.url, part)

    def links(self):
        return self.run("return [...document.links].map(link => link.href)")

    def run(self, script):
        return self._ask("POST", "/execute/sync", script=script, args=[])

    def resize(self, width):
        """Show pages as on a screen of this width. A window cannot be as narrow as a phone."""
        self._tell("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme):
        """Ask pages for a color scheme: light or dark."""
        self._tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self):
        """Return the visible part of the page as PNG in base64."""
        return self._ask("GET", "/screenshot")

    def complaints(self):
        return [entry["message"] for entry in self._ask("POST", "/se/log", type="browser")]

    def _tell(self, command, **params):
        self._ask("POST", "/goog/cdp/execute", cmd=command, params=params)

    def _once(self, ask, wanted):
        found = ""
        for _ in range(1200):
            with suppress(LookupError):
                found = ask()
                if wanted in found:
                    return found
            time.sleep(0.05)
        raise AssertionError(f"{wanted!r} is not in {found!r}")

    def _find(self, using, value):
        return self._ask("POST", "/element", using=using, value=value)[_ELEMENT]

    def _ask(self, method, path, **body):
        reply = self._session.request(method, self._at + path, json=body if method == "POST" else None, timeout=60)
        value = reply.json()["value"]
        if not reply.ok:
            raise LookupError(value["message"])
        return value
