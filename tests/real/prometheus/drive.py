"""Scrapes the example service under load with a real Prometheus, and runs every query of the shipped dashboard, its
variables and the shipped alert rules there.

    drive.py SERVICE

The durations of a copy of the rules are seconds instead of minutes, so that alerts fire and end while it runs. Every wait
is for an event and bounded.
"""

import http.client
import json
import math
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[3]
DASHBOARD = json.loads((ROOT / "dashboards/gardefou.json").read_text())
RULES = ROOT / "dashboards/alerts.yml"
# The longest wait for anything.
LIMIT = 90
# What the service has none of, such as rate limiters that wait or a fleet: their queries return nothing.
ABSENT = [
    "gardefou_hedge_",
    "gardefou_rate_limiter_timed_waits",
    "gardefou_bulkhead_timed_calls",
    "gardefou_state_store_",
    "gardefou_timeout_timed_calls",
    "gardefou_rate_limiter_timed_calls",
]
# Alerts that the load causes; none of the others may fire.
CAUSED = {
    "GardefouCircuitOpen",
    "GardefouCircuitDoesNotRecover",
    "GardefouCallsRejected",
    "GardefouRateLimited",
    "GardefouRetriesDoNotHelp",
    "GardefouHealthCheckFails",
}
# Whether these fire depends on the speed of the machine.
POSSIBLE = {"GardefouBulkheadFull", "GardefouCallsWait", "GardefouRetryBudgetSpent"}


def log(text):
    print(f"drive: {text}", flush=True)


def until(what, check):
    """Repeats a check until it returns something true, which this returns."""
    end = time.monotonic() + LIMIT
    last = None
    while time.monotonic() < end:
        try:
            last = check()
        except (OSError, http.client.HTTPException) as error:
            last = error
        else:
            if last:
                return last
        time.sleep(0.1)
    raise SystemExit(f"drive: {what}: not within {LIMIT} s; the last answer was {last!r}")


class Server:
    """Requests to one server, a connection for each."""

    def __init__(self, address):
        self.address = address

    def request(self, method, path, body=None, connection=None):
        own = connection or http.client.HTTPConnection(self.address, timeout=30)
        try:
            own.request(method, path, body)
            answer = own.getresponse()
            return answer.status, answer.read().decode()
        finally:
            if connection is None:
                own.close()


class Load:
    """Threads that send requests until they are told to stop."""

    def __init__(self, service):
        self.service = service
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.answers = {}
        self.problems = []
        kinds = [self.order] * 3 + [self.errors] * 3
        self.threads = [threading.Thread(target=self.run, args=(kind,)) for kind in kinds]
        for thread in self.threads:
            thread.start()

    def run(self, kind):
        try:
            connection = http.client.HTTPConnection(self.service.address, timeout=30)
            while not self.over.is_set():
                kind(connection)
                # Not as fast as it can: the others need the machine too.
                self.over.wait(0.01)
            connection.close()
        except Exception as error:
            self.problems.append(error)

    def order(self, connection):
        status, _ = self.service.request("POST", "/orders", '{"item": "tea", "cents": 450}', connection)
        with self.lock:
            self.answers[status] = self.answers.get(status, 0) + 1

    def errors(self, connection):
        status, _ = self.service.request("GET", "/errors", None, connection)
        assert status in (200, 429, 503), status

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        assert not self.problems, self.problems


class Prometheus(Server):
    """A running Prometheus that scrapes the service."""

    def __init__(self, folder, service):
        rules = RULES.read_text()
        quick, changed = re.subn(r"(\[|for: )(\d+)m(?=\]|\n)", r"\g<1>\g<2>s", rules)
        assert changed > 20 and not re.search(r"\dm\b", quick), changed
        (folder / "quick.yml").write_text(quick.replace("name: gardefou", "name: quick"))
        config = {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
            "rule_files": [str(folder / "quick.yml"), str(RULES)],
            "scrape_configs": [{"job_name": "orders", "static_configs": [{"targets": [service.address]}]}],
        }
        # JSON is YAML.
        (folder / "prometheus.json").write_text(json.dumps(config))
        for _ in range(5):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                address = f"127.0.0.1:{free.getsockname()[1]}"
            super().__init__(address)
            command = [
                "prometheus",
                f"--config.file={folder}/prometheus.json",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address={address}",
                "--log.level=warn",
            ]
            self.process = subprocess.Popen(command, cwd=folder)
            if until("Prometheus is ready", self.is_ready) == "ready":
                return
            # Another program took the port.
        raise SystemExit("drive: Prometheus does not start")

    def is_ready(self):
        if self.process.poll() is not None:
            return "ended"
        return "ready" if self.request("GET", "/-/ready")[0] == 200 else None

    def get(self, path, **parameters):
        status, body = self.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        answer = json.loads(body)
        assert status == 200 and answer["status"] == "success", f"{path} {parameters}: {body}"
        assert not answer.get("warnings"), f"{path} {parameters}: {answer['warnings']}"
        return answer["data"]

    def now(self, query):
        """Returns the present value of each series, by its labels."""
        result = self.get("query", query=query)["result"]
        return {labels(series["metric"]): float(series["value"][1]) for series in result}

    def over(self, query, since):
        """Returns the greatest value of each series since then, by its labels; -1 where it has only NaN, a quotient of
        two zeros."""
        data = self.get("query_range", query=query, start=since, end=time.time(), step="1s")
        greatest = {}
        for series in data["result"]:
            values = [float(value) for _, value in series["values"]]
            numbers = [value for value in values if not math.isnan(value)]
            greatest[labels(series["metric"])] = max(numbers, default=-1)
        return greatest


def labels(metric):
    return tuple(sorted((key, value) for key, value in metric.items() if key not in ("__name__", "job", "instance")))


def query_of(text):
    """Fills in the variables of the dashboard as Grafana does."""
    text = re.sub(r"\$__rate_interval\b", "4s", text)
    text = re.sub(r"\$(job|instance|name)\b", ".*", text)
    assert "$" not in text, text
    return text


def queries():
    """Returns the title of each panel and its queries."""
    return [
        (panel["title"], [query_of(target["expr"]) for target in panel["targets"]])
        for panel in DASHBOARD["panels"]
        if panel["type"] != "row"
    ]


def check_variables(prometheus):
    found = {}
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "datasource":
            continue
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
        values = prometheus.get(f"label/{label}/values", **{"match[]": query_of(selector)})
        assert values, variable
        found[variable["name"]] = values
    assert found["job"] == ["orders"] and len(found["instance"]) == 1, found
    assert {"payments", "orders-db", "journal"} <= set(found["name"]), found
    log(f"variables: {found}")


def check_panels(prometheus, since):
    results, count = {}, 0
    for title, panel in queries():
        for query in panel:
            result = prometheus.over(query, since)
            is_absent = any(name in query for name in ABSENT)
            assert bool(result) != is_absent, f"{title}: {query} returned {result}"
            results.setdefault(title, {}).update(result)
            count += 1
    log(f"{count} queries of {len(results)} panels")

    def above_zero(title, *expected):
        for wanted in expected:
            matching = [value for series, value in results[title].items() if set(wanted.items()) <= set(series)]
            assert matching and max(matching) > 0, f"{title}: {wanted} in {results[title]}"

    payments = {"name": "payments"}
    assert results["State"][(("name", "payments"),)] >= 2, results["State"]
    assert results["State"][(("name", "orders-db"),)] == 0, results["State"]
    above_zero("Time in each state", payments | {"state": "open"})
    above_zero("Calls by outcome", {"outcome": "success"}, {"outcome": "failure"}, {"outcome": "rejected"})
    above_zero("Failure rate", payments)
    steps = [("closed", "open"), ("open", "half_open"), ("half_open", "open"), ("half_open", "closed")]
    above_zero("Changes of state", *({"from": old, "to": new} for old, new in steps))
    above_zero("Rejections", payments, {"name": "journal"})
    above_zero("Durations of calls", payments, {"name": "orders-db"})
    above_zero("Durations of calls through retries", {})
    kinds = ["successful_without_retry", "successful_with_retry", "failed_with_retry", "failed_without_retry"]
    above_zero("Calls through retries, by how they ended", *({"kind": kind} for kind in kinds))
    assert max(results["Attempts per call"].values()) > 1, results["Attempts per call"]
    above_zero("Retry budgets", {"name": "_DEFAULT"})
    # Calls may begin and end between two scrapes, and permits be gone at each of them; that there were calls is
    # in a counter.
    for title in "Use of bulkheads", "Permits left":
        assert (("name", "journal"),) in results[title], f"{title}: {results[title]}"
    admitted = prometheus.now('gardefou_bulkhead_calls_total{name="journal",outcome="admitted"}')
    assert min(admitted.values()) > 0, admitted
    above_zero("Rate limiters by outcome", {"outcome": "admitted"}, {"outcome": "rejected"})
    above_zero("Errors by code", {"error_type": "CIRCUIT_OPEN_ERROR"}, {"error_type": "RATE_LIMIT_ERROR"})
    above_zero("Errors by severity", {"severity": "warning"})
    above_zero("Notifications", {"outcome": "delivered"})
    assert min(results["Channels and journal"].values()) == 1, results["Channels and journal"]
    above_zero("Records of the journal", {"outcome": "written"})
    assert results["Checks"][(("check", "payment-provider"),)] == 2, results["Checks"]
    assert results["Checks"][(("check", "orders-db"),)] == 0, results["Checks"]
    above_zero("Duration of checks", {"check": "payment-provider"})


def check_rules(prometheus):
    groups = prometheus.get("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert [len(group["rules"]) for group in groups] == [16, 16], groups
    for rule in rules:
        assert rule["health"] == "ok" and not rule.get("lastError"), rule


def firing(prometheus):
    return {dict(series)["alertname"] for series in prometheus.now('ALERTS{alertstate="firing"}')}


def check_counts(prometheus, load):
    """Each order that was answered was charged through the retry, once."""
    paid = load.answers[201]
    refused = sum(count for status, count in load.answers.items() if status >= 500)
    log(f"orders by status: {load.answers}")
    assert set(load.answers) <= {201, 502, 503, 504}, load.answers
    query = "sum by (kind) (gardefou_retry_calls_total)"

    def are_there():
        counts = {dict(series)["kind"]: count for series, count in prometheus.now(query).items()}
        paid_there = counts["successful_without_retry"] + counts["successful_with_retry"]
        refused_there = counts["failed_without_retry"] + counts["failed_with_retry"]
        return counts if (paid_there, refused_there) == (paid, refused) else None

    counts = until(f"{paid} paid and {refused} refused orders are counted", are_there)
    log(f"calls through the retry: {counts}")
    timed = prometheus.now('gardefou_circuit_breaker_timed_calls_total{name="orders-db",le="+Inf"}')
    calls = prometheus.now('sum(gardefou_circuit_breaker_calls_total{name="orders-db",outcome=~"success|failure"})')
    assert list(timed.values()) == list(calls.values()), (timed, calls)


def drive(folder, service):
    prometheus = Prometheus(folder, service)
    try:
        since = time.time()
        until("the service is scraped", lambda: prometheus.now("up == 1"))
        load = Load(service)
        try:
            phases(prometheus, service)
        finally:
            load.stop()
        check_counts(prometheus, load)
        check_variables(prometheus)
        check_panels(prometheus, since)
        check_rules(prometheus)
        fired = prometheus.over('ALERTS{alertstate="firing"}', since)
        fired = {dict(series)["alertname"] for series in fired}
        assert CAUSED <= fired <= CAUSED | POSSIBLE, fired
        log(f"alerts that fired: {sorted(fired)}")
    finally:
        prometheus.process.terminate()
        prometheus.process.wait(30)


def phases(prometheus, service):
    """The provider works, is flaky, fails, and works again; each until Prometheus has seen it."""

    def provider(behaviour):
        assert service.request("POST", f"/provider/{behaviour}")[0] == 204
        log(f"the provider: {behaviour}")

    def counted(kind):
        return prometheus.now(f'sum(gardefou_retry_calls_total{{kind="{kind}"}}) > 10')

    until("orders are paid", lambda: counted("successful_without_retry"))
    until("requests are limited", lambda: "GardefouRateLimited" in firing(prometheus))
    provider("flaky")
    until("orders are paid after a retry", lambda: counted("successful_with_retry"))
    provider("fail")
    until("the alerts fire", lambda: CAUSED <= firing(prometheus) | {"GardefouRetriesDoNotHelp"})
    provider("ok")
    closed = 'gardefou_circuit_breaker_state{name="payments",state="closed"} == 1'
    until("the circuit closes", lambda: prometheus.now(closed))
    ended = {"GardefouCircuitOpen", "GardefouCallsRejected", "GardefouHealthCheckFails"}
    until("the alerts end", lambda: not ended & firing(prometheus))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        command = [sys.argv[1], "--port", "0", "--data", str(folder / "orders")]
        # Its log is of the errors that the load causes.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            line = process.stdout.readline()
            address = re.search(r"http://([\d.]+:\d+)", line).group(1)
            drive(folder, Server(address))
        finally:
            process.terminate()
            process.wait(30)


main()
