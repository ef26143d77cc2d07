"""All settings, from the environment. Safe by default: what is missing in production fails at start."""

from __future__ import annotations

from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from vyapar import environment as env

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(env.text("VYAPAR_HOME", str(BASE_DIR / ".vyapar"))).resolve()

DEBUG = env.flag("VYAPAR_DEBUG")
TESTING = env.flag("VYAPAR_TEST")
#: True when the far sides are the local protocol servers; printed on everything made with them.
SANDBOX = env.flag("VYAPAR_SANDBOX", default=True)

SECRET_KEY = env.text("SECRET_KEY", "tests-only-key-" * 4 if TESTING else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set; bin/run makes one, or export your own")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,.localhost,127.0.0.1,testserver,.testserver")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# --- tenancy -----------------------------------------------------------------------------------
SHARED_APPS = [
    "django_tenants",
    "vyapar.tenancy",
    "vyapar.people",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "django.contrib.humanize",
    "auditlog",
    "django_celery_beat",
    "django_htmx",
    "django_prometheus",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "vyapar.dashboard",
    "vyapar.ops",
]
TENANT_APPS = [
    "vyapar.people",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.admin",
    "auditlog",
    "vyapar.engine",
    "vyapar.webhooks",
    "vyapar.messaging",
    "vyapar.gateway",
    "inventory",
    "reallocation",
    "campaigns",
    "compliance",
    "alerts",
    "vyapar.ops.takeout",
]
INSTALLED_APPS = SHARED_APPS + [app for app in TENANT_APPS if app not in SHARED_APPS]
TENANT_MODEL = "tenancy.Distributor"
TENANT_DOMAIN_MODEL = "tenancy.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
# the search path is set when it changes, not before each statement; django-tenants forgets what it set
# whenever a rollback may have taken it back (tests/tenancy/test_search_path.py)
TENANT_LIMIT_SET_CALLS = True
SHOW_PUBLIC_IF_NO_TENANT_FOUND = False
PUBLIC_SCHEMA_URLCONF = "vyapar.urls_public"
ROOT_URLCONF = "vyapar.urls"

DATABASES = {"default": {**env.database("DATABASE_URL"), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # every key carries the schema of the connection that uses it
        "KEY_FUNCTION": "vyapar.tenancy.cache.tenant_key",
        "REVERSE_KEY_FUNCTION": "vyapar.tenancy.cache.plain_key",
    }
}

# --- requests ----------------------------------------------------------------------------------
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "vyapar.ops.middleware.HealthMiddleware",
    "vyapar.tenancy.middleware.DistributorMiddleware",
    "vyapar.gateway.middleware.CallMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "vyapar.people.middleware.PersonMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
WSGI_APPLICATION = "vyapar.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "vyapar.dashboard.context.house",
            ],
            "builtins": ["vyapar.dashboard.templatetags.vyapar_ui"],
        },
    }
]

AUTH_USER_MODEL = "people.User"
LOGIN_URL = "dashboard:sign_in"
LOGIN_REDIRECT_URL = "dashboard:home"
LOGOUT_REDIRECT_URL = "dashboard:sign_in"
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests sign in hundreds of times
    if TESTING
    else ["django.contrib.auth.hashers.Argon2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Production stands behind TLS; the demonstration on localhost does not.
HTTPS = env.flag("VYAPAR_HTTPS")
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
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

# --- words -------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("hi", _("Hindi"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Kolkata"

# --- files -------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = HOME / "static"
MEDIA_ROOT = HOME / "media"
STORAGES = {
    # each distributor's files live in a folder of its own, chosen by the connection's schema
    "default": {"BACKEND": "vyapar.ops.media.WholeFileStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "vyapar.ops.storage.GzipManifestStorage"
    },
}
MULTITENANT_RELATIVE_MEDIA_ROOT = "%s"
WHITENOISE_USE_FINDERS = TESTING or DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
#: The largest file one import may bring.
IMPORT_MEGABYTES = env.whole("IMPORT_MEGABYTES", 2048, least=1)

# --- tasks -------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = env.whole("TASK_SECONDS", 1800, least=30)
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
#: How often beat tends each distributor: due cycles, due actions, expiries, sweeps.
TEND_SECONDS = env.whole("TEND_SECONDS", 5, least=1)

# --- the API -----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "vyapar.gateway.authentication.KeyAuthentication",
        "vyapar.gateway.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["vyapar.gateway.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["vyapar.gateway.throttles.KeyThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["vyapar.gateway.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["vyapar.gateway.parsers.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "vyapar.gateway.schema.Describe",
    "EXCEPTION_HANDLER": "vyapar.gateway.problems.answer",
    "DEFAULT_PAGINATION_CLASS": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
#: Calls and pushed rows: of one caller (a key may have a rate of its own) and of one distributor in all.
API_RATE = env.text("API_RATE", "600/min")
API_TENANT_RATE = env.text("API_TENANT_RATE", "3000/min")
API_ROWS_RATE = env.text("API_ROWS_RATE", "3000000/min")
API_TENANT_ROWS_RATE = env.text("API_TENANT_ROWS_RATE", "6000000/min")
#: Proxies of ours between callers and this server: the caller's address is the one that the outermost
#: of them saw. 0 means that callers reach this server themselves.
PROXIES = env.whole("PROXIES", 0)
SPECTACULAR_SETTINGS = {
    "TITLE": "VyaparSahayak Distributor API",
    "DESCRIPTION": "Sees dead stock first and acts on it lawfully. Money is a decimal string of rupees, "
    "quantities are whole base units, instants are UTC in ISO 8601.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "POSTPROCESSING_HOOKS": ["vyapar.gateway.schema.polish"],
}

# --- far sides ---------------------------------------------------------------------------------
#: Where this web server answers; far sides on this machine call back there.
PORT = env.whole("PORT", 8000, least=1)
WHATSAPP_BASE_URL = env.text("WHATSAPP_BASE_URL", "http://127.0.0.1:8090")
SMS_BASE_URL = env.text("SMS_BASE_URL", "http://127.0.0.1:8090")
EMAIL_HOST = env.text("SMTP_HOST", "127.0.0.1")
EMAIL_PORT = env.whole("SMTP_PORT", 8025)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "no-reply@vyapar.example")

#: Whether feeds may reach systems in the network of this machine (an ERP in the same office).
FEEDS_IN_PRIVATE_NETWORKS = env.flag("FEEDS_IN_PRIVATE_NETWORKS")
#: Days that the file of an ended import is kept, and bodies that feeds' systems sent, once taken in.
IMPORT_FILE_DAYS = env.whole("IMPORT_FILE_DAYS", 90, least=1)
FEED_EVENT_DAYS = env.whole("FEED_EVENT_DAYS", 30, least=1)
#: Each distributor's drop folders stand below a folder of its own in here.
DROP_ROOT = Path(env.text("DROP_ROOT", str(HOME / "drop"))).resolve()

# --- seeing inside -----------------------------------------------------------------------------
OTLP_ENDPOINT = env.text("OTEL_EXPORTER_OTLP_ENDPOINT")
METRICS_TOKEN = env.text("METRICS_TOKEN")
LOG_LEVEL = env.text("LOG_LEVEL", "WARNING" if TESTING else "INFO")
LOGGING_CONFIG = "vyapar.ops.logs.configure"
LOGGING = {"level": LOG_LEVEL}
