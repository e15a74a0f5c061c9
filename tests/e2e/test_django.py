"""A Django 3.2 site that knows nothing of TLS: migrate, the ORM, and a page served from the database."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from support.postgres import psql
from support.process import DEADLINE, Process


@pytest.fixture
def site_environment(client_environment):
    """A database of its own behind the proxy."""
    assert psql(client_environment, "--command", "CREATE DATABASE django").returncode == 0
    folder = Path(__file__).parent
    variables = {"PYTHONPATH": str(folder), "DJANGO_SETTINGS_MODULE": "django_site.settings", "PGDATABASE": "django"}
    yield {**client_environment, **variables}
    assert psql(client_environment, "--command", "DROP DATABASE django WITH (FORCE)").returncode == 0


@pytest.fixture
def django(site_environment):
    """Run a management command."""

    def run(*arguments):
        command = [sys.executable, "-m", "django", *arguments]
        result = subprocess.run(command, env=site_environment, capture_output=True, text=True, timeout=DEADLINE)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def fetch(port, body=None):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", body, timeout=DEADLINE) as response:
        return response.read().decode()


def test_migrate_then_orm_then_a_page(proxy, django, site_environment):
    assert "Applying django_site.0001_initial... OK" in django("migrate", "--no-color")
    django("shell", "--command", "from django_site.models import Note; Note.objects.create(text='from the ORM')")

    server = Process([sys.executable, "-m", "django_site.serve"], env=site_environment)
    try:
        port = server.wait_for_line(r"serving on port (\d+)")[1]
        assert fetch(port) == "<ul><li>from the ORM</ul>"
        assert fetch(port, "from a form — ü".encode()) == "<ul><li>from the ORM<li>from a form — ü</ul>"
    finally:
        server.stop()
    assert not any("error" in event for event in proxy.events("connection closed"))


def test_an_integrity_error_is_told_apart(django):
    """Django picks the exception by SQLSTATE."""
    django("migrate", "--no-color")
    code = (
        "from django.db import IntegrityError; from django_site.models import Note\n"
        "Note.objects.create(text='once')\n"
        "try: Note.objects.create(text='once')\n"
        "except IntegrityError: print('refused')"
    )
    assert django("shell", "--command", code) == "refused\n"
