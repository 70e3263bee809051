"""A Django with nothing but the framework, on the same kind of database, as durable as ours."""

from pathlib import Path

from osint import env

SECRET_KEY = "for a measurement on this machine"  # noqa: S105 -- it protects nothing
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["benchmarks.bare", "rest_framework"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "benchmarks.bare.views"
USE_TZ = True
DATA_DIR = Path(env.text("OSINT_DATA_DIR"))
DATABASES = {"default": env.database("DATABASE_URL", embedded=DATA_DIR / "bare.sqlite3", pool=10)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
