"""An emulator for a test in Python: the executable of Listenpost, and nothing but the standard library."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request

# `npm run compile` makes it, or download it; it needs neither Node nor Bun.
EXECUTABLE = os.environ.get("LISTENPOST", "listenpost")

# The demo account's key, public on purpose: `listenpost dev` prints it.
API_KEY = ("demoHmacKey0" * 6)[:64]


class Emulator:
    """`with Emulator() as emulator:` has `http`, `ws` and `admin` URLs, on free ports."""

    def __enter__(self):
        command = [EXECUTABLE, "dev", "--port", "0", "--tls-port", "0", "--admin-port", "0", "--log-level", "error"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self._process.stdout.readline()
        if not line.startswith("listenpost ready "):
            raise RuntimeError(f"{EXECUTABLE} did not start")
        urls = json.loads(line.removeprefix("listenpost ready "))
        self.http = urls["http"]
        self.ws = self.http.replace("http", "ws", 1)
        self.admin = urls["admin"]
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    def trigger(self, scenario, **parameters):
        return call("POST", f"{self.admin}/admin/v1/trigger/{scenario}", body={"account": "demo", **parameters})

    def advance(self, duration):
        return call("POST", f"{self.admin}/admin/v1/clock", body={"advance": duration})

    def add_fault(self, fault, **settings):
        return call("POST", f"{self.admin}/admin/v1/faults", body={"fault": fault, **settings})

    def received(self, **query):
        """What clients sent: `received(method="PUT", path="/fapi/v1/listenKey")`."""
        query = "&".join(f"{name}={value}" for name, value in query.items())
        return call("GET", f"{self.admin}/admin/v1/journal?{query}")["entries"]

    def assert_received(self, times=1, within=2.0, **query):
        """Waits for what is on its way; where it does not come, tells what came last."""
        deadline = time.monotonic() + within
        while len(found := self.received(**query)) < times:
            if time.monotonic() > deadline:
                last = "\n".join(f"  {line(entry)}" for entry in self.received()[-8:])
                raise AssertionError(f"received {query} {len(found)} times and not {times}. Last there were:\n{last}")
            time.sleep(0.02)


def line(entry):
    fault = entry.get("fault", {}).get("did")
    words = [entry["at"], entry["from"], entry["kind"]] + [entry.get(name) for name in ("method", "path", "event", "status")]
    return " ".join(str(word) for word in [*words, fault] if word)


def call(method, url, body=None, headers=None):
    """The JSON of the answer, also of a refusal: an exchange's errors are answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return json.load(refusal)
