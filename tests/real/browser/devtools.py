"""A headless Chromium, driven by its own protocol (DevTools), with real mouse and key events."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

import websocket

KEYS = {
    "Enter": (13, "\r"),
    "Escape": (27, None),
    "Tab": (9, None),
    "Space": (32, " "),
}


class Browser:
    """One browser with one page. Requests, errors of scripts and violations of the policy are kept."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="gardefou-browser-")
        options = [
            "--headless=new",
            "--remote-debugging-port=0",
            "--remote-allow-origins=*",
            f"--user-data-dir={self.profile}",
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ]
        if os.geteuid() == 0:
            # As root, Chromium has no sandbox.
            options.append("--no-sandbox")
        self.process = subprocess.Popen(
            [program, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        port = self._port()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [page for page in json.load(answer) if page["type"] == "page"]
        self.socket = websocket.create_connection(pages[0]["webSocketDebuggerUrl"], timeout=60)
        self.last = 0
        self.loaded = 0
        self.requests = []
        self.problems = []
        for domain in ("Page", "Runtime", "Network", "Log", "DOM", "Accessibility", "Audits"):
            self.call(f"{domain}.enable")

    def _port(self):
        # The first line on the standard error that has an address.
        for line in self.process.stderr:
            if b"DevTools listening on" in line:
                return line.decode().rsplit(":", 1)[1].split("/")[0]
        raise SystemExit("Chromium ended before it listened")

    def close(self):
        try:
            self.call("Browser.close")
        except Exception:
            pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, **parameters):
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.last:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self.loaded += 1
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(parameters["exceptionDetails"])[:600])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.problems.append(json.dumps(parameters["args"])[:600])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.problems.append(json.dumps(parameters["entry"])[:600])
        elif method == "Audits.issueAdded":
            self.problems.append(json.dumps(parameters["issue"])[:600])

    def run(self, script):
        """Returns the value of an expression, or of the promise that it is."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, condition, what, seconds=60):
        """Waits until an expression is true. Checked after each change of the page, and by a timer for
        what changes without one."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            waited = f"""new Promise((done) => {{
                const check = () => {{ if ({condition}) finish(true); }};
                const observer = new MutationObserver(check);
                const timer = setInterval(check, 100);
                const last = setTimeout(() => finish(false), 5000);
                function finish(value) {{ observer.disconnect(); clearInterval(timer); clearTimeout(last); done(value); }}
                observer.observe(document, {{ subtree: true, childList: true, characterData: true, attributes: true }});
                check();
            }})"""
            if self.run(waited):
                return
        raise AssertionError(f"{what}: not within {seconds} s")

    def open(self, url):
        """Opens a page, and returns when it is loaded."""
        before = self.loaded
        self.call("Page.navigate", url=url)
        while self.loaded == before:
            self._note(json.loads(self.socket.recv()))

    def size(self, width, height, is_dark):
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        scheme = "dark" if is_dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path, is_whole=False):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=is_whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def click(self, selector):
        """Clicks into the middle of an element, as a mouse does."""
        box = self.run(f"""(() => {{
            const node = document.querySelector({json.dumps(selector)});
            node.scrollIntoView({{ block: 'center' }});
            const box = node.getBoundingClientRect();
            return [box.left + Math.min(box.width / 2, 200), box.top + Math.min(box.height / 2, 12)];
        }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def press(self, key):
        code, text = KEYS[key] if key in KEYS else (ord(key.upper()), key)
        name = {"Space": " "}.get(key, key)
        down = {"type": "keyDown", "key": name, "windowsVirtualKeyCode": code}
        if text:
            down["text"] = text
        self.call("Input.dispatchKeyEvent", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code)

    def write(self, text):
        for letter in text:
            self.press(letter)
