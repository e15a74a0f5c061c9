"""The manifests against the binary: what they mount, ask and scrape is what it reads, answers and exports.

There is no cluster here; what Kubernetes itself would refuse is not seen, what the binary would refuse is.
"""

import re
import stat
import subprocess
import tomllib
from pathlib import PurePath

import pytest
import yaml

from support.postgres import psql
from support.process import DEADLINE
from support.proxy import BINARY, ROOT, environment, parse_address

FOLDER = ROOT / "docker/kubernetes"
MANIFESTS = {
    document["kind"]: document
    for path in sorted(FOLDER.rglob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
}
POD = MANIFESTS["Deployment"]["spec"]["template"]
[SIDECAR] = POD["spec"]["initContainers"]
[SITE] = POD["spec"]["containers"]


VOLUMES = {volume["name"]: volume for volume in POD["spec"]["volumes"]}
MOUNTS = {mount["name"]: PurePath(mount["mountPath"]) for mount in SIDECAR["volumeMounts"]}


@pytest.fixture(scope="module")
def effective(tmp_path_factory):
    """The configuration as the binary understands it, given the sidecar's own arguments and the mounted file."""
    run, flag, path = SIDECAR["args"]
    assert run == "run"
    assert VOLUMES["proxy-config"]["configMap"]["name"] == MANIFESTS["ConfigMap"]["metadata"]["name"]
    assert PurePath(path).parent == MOUNTS["proxy-config"]
    file = tmp_path_factory.mktemp("configuration") / PurePath(path).name
    file.write_text(MANIFESTS["ConfigMap"]["data"][file.name])
    command = [BINARY, "config", flag, file]
    result = subprocess.run(
        command, env=environment("/nonexistent"), capture_output=True, text=True, timeout=DEADLINE
    )
    assert result.returncode == 0 and result.stderr == "", result.stderr
    return tomllib.loads(result.stdout)


def metrics_port():
    [port] = SIDECAR["ports"]
    return port


def test_every_manifest_is_there():
    assert MANIFESTS.keys() == {"ConfigMap", "Secret", "Deployment", "PodMonitor"}


def test_the_image_is_of_this_version():
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, timeout=DEADLINE).stdout
    assert version.startswith(SIDECAR["image"].replace(":", " ") + " ")


def test_the_site_connects_where_the_proxy_listens(effective):
    [listener] = effective["listener"]
    variables = {variable["name"]: variable["value"] for variable in SITE["env"]}
    assert listener["address"] == [f"{variables['PGHOST']}:{variables['PGPORT']}"]


def test_the_admin_port_is_the_one_declared(effective):
    """The kubelet comes from outside the pod, so not on loopback."""
    assert parse_address(effective["admin"]["listen"]) == ("0.0.0.0", metrics_port()["containerPort"])


def test_a_client_certificate_is_mounted_where_the_image_looks_for_it():
    """By default that is ~/.postgresql, as for libpq."""
    [home] = re.findall(r"^ENV .*\bHOME=(\S+)", (ROOT / "docker/Dockerfile").read_text(), re.MULTILINE)
    assert MOUNTS["proxy-client"] == PurePath(home, ".postgresql")
    secret = VOLUMES["proxy-client"]["secret"]
    assert secret["secretName"] == MANIFESTS["Secret"]["metadata"]["name"]
    paths = {item["key"]: item["path"] for item in secret["items"]}
    assert paths == {"tls.crt": "postgresql.crt", "tls.key": "postgresql.key"}
    assert MANIFESTS["Secret"]["type"] == "kubernetes.io/tls"
    assert MANIFESTS["Secret"]["stringData"].keys() == paths.keys()


def test_a_pod_without_a_client_certificate_starts():
    assert VOLUMES["proxy-client"]["secret"]["optional"] is True


def test_only_the_proxy_may_read_the_key():
    """Files of a Secret belong to root and to fsGroup; a key that others may read would be refused."""
    assert VOLUMES["proxy-client"]["secret"]["defaultMode"] == stat.S_IRUSR | stat.S_IRGRP
    assert SIDECAR["securityContext"]["runAsGroup"] == POD["spec"]["securityContext"]["fsGroup"]


def test_mounts_do_not_nest():
    """The inner mount's folder could not be made in the outer, read-only one."""
    assert not any(one in other.parents for one in MOUNTS.values() for other in MOUNTS.values())


def test_draining_ends_before_the_pod_is_killed(effective):
    assert effective["limits"]["drain_timeout"] == "30s"
    assert POD["spec"]["terminationGracePeriodSeconds"] > 30


def test_it_is_a_native_sidecar_without_privileges():
    assert SIDECAR["restartPolicy"] == "Always"
    context = SIDECAR["securityContext"]
    assert context["runAsNonRoot"] and context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_the_pod_monitor_finds_the_pod():
    monitor = MANIFESTS["PodMonitor"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= POD["metadata"]["labels"].items()
    [endpoint] = monitor["podMetricsEndpoints"]
    assert endpoint["port"] == metrics_port()["name"]


@pytest.fixture
def running(start_proxy, postgres, certificates, tmp_path):
    """The mounted configuration and the mounted key at work; only addresses and the root are others."""
    values = {
        '"127.0.0.1:5432"': '"127.0.0.1:0"',
        '"mydemoserver.postgres.database.azure.com"': f'"localhost", port = {postgres.port}',
        '"azure"': f'"{certificates.root}"',
    }
    [text] = MANIFESTS["ConfigMap"]["data"].values()
    for shipped, tests in values.items():
        assert shipped in text
        text = text.replace(shipped, tests)
    home = tmp_path / "home"
    (home / ".postgresql").mkdir(parents=True)
    secret = VOLUMES["proxy-client"]["secret"]
    contents = {"tls.crt": certificates.good.cert, "tls.key": certificates.good.key}
    for item in secret["items"]:
        file = home / ".postgresql" / item["path"]
        file.write_bytes(contents[item["key"]].read_bytes())
        file.chmod(secret["defaultMode"])
    return start_proxy(settings=text, listen=(), variables={"HOME": str(home)})


def test_it_runs_and_answers_what_is_asked(running, postgres):
    assert psql(postgres.login.environment(running.address()), "--command", "SELECT 1").stdout == "1\n"
    [endpoint] = MANIFESTS["PodMonitor"]["spec"]["podMetricsEndpoints"]
    probes = [SIDECAR[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {probe["port"] for probe in probes} == {metrics_port()["name"]}
    for path in [endpoint["path"], *(probe["path"] for probe in probes)]:
        assert running.get(path)[0] == 200, path
