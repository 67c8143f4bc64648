"""The compose file: nothing in it is open to a network, writable beyond its own data, or reached by a default password."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from documentation import REPOSITORY

FOLDER = REPOSITORY / "compose"
COMPOSE = FOLDER / "docker-compose.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]


def test_every_compose_of_today_and_of_1_29_reads_the_file() -> None:
    assert yaml.safe_load(COMPOSE.read_text(encoding="utf-8")).keys() == {"x-hardened", "services", "volumes"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_watched_and_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", service["image"])
    assert service["user"].partition(":")[0] not in {"", "0", "root"}
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["healthcheck"]["test"][0] == "CMD-SHELL"
    assert not {"privileged", "cap_add", "ports"} & service.keys()
    for source, _, options in (volume.partition(":") for volume in service["volumes"]):
        if source.startswith("."):
            assert options.endswith(":ro,z")
            assert (FOLDER / source).exists()
        else:
            assert source == f"{name}-data"


def test_every_service_listens_on_this_machine_only() -> None:
    assert {service["network_mode"] for service in SERVICES.values()} == {"host"}
    assert SERVICES["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    for name in ("prometheus", "alertmanager"):
        start = (FOLDER / name / "start.sh").read_text(encoding="utf-8")
        assert re.findall(r"--web\.listen-address=(\S+)", start)[0].startswith('"127.0.0.1:')
    assert "--cluster.listen-address= " in start


def test_the_password_has_no_default_and_nobody_without_it_can_change_anything() -> None:
    settings = SERVICES["grafana"]["environment"]
    assert settings["GF_SECURITY_ADMIN_PASSWORD"].startswith("${TC_GRAFANA_PASSWORD:?")
    assert (settings["GF_AUTH_ANONYMOUS_ORG_ROLE"], settings["GF_USERS_ALLOW_SIGN_UP"]) == ("Viewer", "false")


def test_the_dashboards_find_the_data_source_that_is_provisioned() -> None:
    (source,) = yaml.safe_load((FOLDER / "grafana/provisioning/datasources/tc.yaml").read_text(encoding="utf-8"))["datasources"]
    assert (source["uid"], source["isDefault"], source["editable"]) == ("tc-prometheus", True, False)
    dashboards = sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))
    assert dashboards
    for path in dashboards:
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        chosen = {each["query"] for each in dashboard["templating"]["list"] if each["type"] == "datasource"}
        assert chosen <= {source["type"]}
        asked = set(re.findall(r'"uid": "(tc-prometheus|\$\{\w+\})"', path.read_text(encoding="utf-8")))
        assert asked == ({"${datasource}"} if chosen else {source["uid"]})
        assert dashboard["uid"] == path.stem
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (FOLDER / "grafana" / "dashboards" / home.name).is_file()
