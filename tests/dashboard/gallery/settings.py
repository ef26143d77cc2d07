"""Settings of the gallery: the product's templates, static files and CSP; no database, no Redis."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path

import polib
from csp.constants import NONE, SELF

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent


def _hindi() -> str:
    """The design's and the gallery's Hindi, compiled into a folder that goes away with the process."""
    folder = tempfile.TemporaryDirectory(prefix="gallery-locale-")
    atexit.register(folder.cleanup)
    target = Path(folder.name) / "hi" / "LC_MESSAGES"
    target.mkdir(parents=True)
    words = polib.pofile(str(HERE / "locale" / "design.po"))
    words.extend(polib.pofile(str(HERE / "locale" / "gallery.po")))
    words.save_as_mofile(str(target / "django.mo"))
    return folder.name


SECRET_KEY = "the-gallery-keeps-no-secret"
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.dashboard.gallery.site"
# not vyapar.dashboard: its nameplate wants the whole house; its tags are builtins below
INSTALLED_APPS = ["django.contrib.staticfiles", "django_htmx"]
MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates", HERE / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "tests.dashboard.gallery.samples.house",
            ],
            "builtins": ["vyapar.dashboard.templatetags.vyapar_ui"],
        },
    }
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("hi", "हिन्दी")]
LOCALE_PATHS = [_hindi()]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Kolkata"
STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
