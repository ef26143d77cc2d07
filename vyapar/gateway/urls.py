"""Keys, tokens, the API's description and its viewer."""

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView

from vyapar.gateway import api, oauth

app_name = "gateway"

# Redoc writes its own styles into the page and searches in a worker made of a blob: for this page only
_softened = csp_update({"style-src": [UNSAFE_INLINE], "worker-src": ["blob:"]})
_viewer = SpectacularRedocView.as_view(url_name="gateway:schema", template_name="gateway/docs.html")

urlpatterns = [
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", _softened(_viewer), name="docs"),
    path("api/v1/keys", api.KeysDoor.as_view(), name="keys"),
    path("api/v1/keys/<slug:prefix>", api.KeyDoor.as_view(), name="key"),
    path("api/v1/keys/<slug:prefix>/rotate", api.KeyRotation.as_view(), name="rotate"),
    path("oauth/token", oauth.token, name="token"),
    path(".well-known/oauth-authorization-server", oauth.discovery, name="oauth_discovery"),
]
