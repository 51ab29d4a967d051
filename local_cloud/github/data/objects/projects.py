"""Projects, their fields and items as REST has them."""

from local_cloud.github.data.objects.people import Object, user
from local_cloud.github.data.objects.repository import CREATED
from local_cloud.github.data.projects import Project, ProjectField, ProjectItem

_TIMES = {"created_at": CREATED, "updated_at": CREATED}


def project(base: str, stored: Project) -> Object:
    """A project without its fields and items."""
    return {
        "id": stored.id,
        "node_id": f"PVT_{stored.id}",
        "owner": user(base, stored.owner),
        "creator": user(base, stored.owner),
        "title": stored.title,
        "description": None,
        "short_description": None,
        "public": False,
        "number": stored.number,
        "closed_at": None,
        "deleted_at": None,
        "deleted_by": None,
        "state": "open",
        **_TIMES,
    }


def project_field(base: str, within: Project, stored: ProjectField) -> Object:
    """A field of a project."""
    described: Object = {
        "id": stored.id,
        "node_id": f"PVTF_{stored.id}",
        "project_url": _url(base, within),
        "name": stored.name,
        "data_type": stored.data_type,
        **_TIMES,
    }
    if stored.options:
        described["options"] = [
            {
                "id": name.lower(),
                "name": {"raw": name, "html": name},
                "color": "GRAY",
                "description": {"raw": "", "html": ""},
            }
            for name in stored.options
        ]
    return described


def project_item(base: str, within: Project, stored: ProjectItem) -> Object:
    """An item of a project without the values of its fields: they are told when asked for."""
    url = f"{_url(base, within)}/items/{stored.id}"
    return {
        "id": stored.id,
        "node_id": f"PVTI_{stored.id}",
        "project_url": _url(base, within),
        "content_type": "Issue" if stored.about else "DraftIssue",
        "creator": user(base, within.owner),
        "archived_at": None,
        "item_url": url,
        **_TIMES,
    }


def _url(base: str, within: Project) -> str:
    return f"{base}/projectsV2/{within.id}"
