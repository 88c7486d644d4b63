"""`python -m grafana.dashboards` writes each dashboard to grafana/provisioning/dashboards/UID.json."""

from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.dashboards import PAGES
from grafana.dashboards.panels import Page, build

FOLDER: Final = Path(__file__).parent.parent / "provisioning" / "dashboards"


def as_json(page: Page) -> str:
    """Return what Grafana loads."""
    return JSONEncoder(sort_keys=True, indent=2).encode(build(page).build()) + "\n"


if __name__ == "__main__":
    for page in PAGES:
        (FOLDER / f"{page.uid}.json").write_text(as_json(page))
