"""The web configuration that the documentation shows is one that the server takes."""

import re
from pathlib import Path

from documentation import DOCS
from tc.spec.web_config import load_web_config


def test_the_documented_web_configuration_is_taken(tmp_path: Path) -> None:
    page = (DOCS / "how-to" / "serve-metrics.md").read_text(encoding="utf-8")
    (example,) = (
        block for block in re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE) if "basic_auth_users" in block
    )
    (tmp_path / "web.yml").write_text(example, encoding="utf-8")
    config = load_web_config(tmp_path / "web.yml")
    assert config.is_encrypted
    assert config.knows_who_asks
