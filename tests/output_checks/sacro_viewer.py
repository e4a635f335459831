"""Plays a checker at SACRO-Viewer: run by the Python of its own environment, which is kept apart from ours.

Opens a folder as the viewer's page does, reads every file through it, approves everything and takes the bundle. Prints one
JSON object of what the viewer said.
"""

import io
import json
import os
import sys
import zipfile
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "sacro.settings"


def main(folder: Path) -> None:
    """The session in a folder, from the first page to the bundle."""
    import django  # noqa: PLC0415 - of the viewer's environment, after its settings are named
    from django.test import Client  # noqa: PLC0415

    django.setup()
    from sacro import models  # noqa: PLC0415

    client = Client()
    page = client.get("/load/", {"dirpath": str(folder)}, follow=True)
    outputs = models.load_from_path(models.find_acro_metadata(folder))
    files = [file for output in outputs.values() for file in output["files"]]
    review = {name: {"state": True, "comment": ""} for name in outputs}
    reviewed = client.post(
        f"/review/?path={outputs.path}", {"comment": "seen", "review": json.dumps(review)}, follow=True
    )
    bundle = b"".join(client.post("/review/current/approved-outputs/").streaming_content)
    said = {
        "opened": page.status_code,
        "page": page.content.decode(),
        "valid": {file["name"]: file["checksum_valid"] for file in files},
        "marked": {file["name"]: dict(file["cell_index"]) for file in files},
        "contents": {
            file["name"]: b"".join(client.get(file["url"]).streaming_content).decode() for file in files
        },
        "reviewed": reviewed.status_code,
        "bundle": sorted(zipfile.ZipFile(io.BytesIO(bundle)).namelist()),
    }
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
