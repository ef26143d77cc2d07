"""Addresses of the shell."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path, re_path

from vyapar.dashboard.views import (
    agents,
    channels,
    home,
    inbox,
    keys,
    readiness,
    requests,
    settings,
    trail,
    webhooks,
)

app_name = "dashboard"
urlpatterns = [
    path("", home.home, name="home"),
    path("activity", home.activity, name="activity"),
    path("sign-in", LoginView.as_view(redirect_authenticated_user=True), name="sign_in"),
    path("sign-out", LogoutView.as_view(), name="sign_out"),
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/bulk", inbox.bulk, name="bulk"),
    path("inbox/<uuid:action_id>", inbox.action, name="action"),
    path("inbox/<uuid:action_id>/edit", inbox.edit, name="edit"),
    re_path(
        r"^inbox/(?P<action_id>[0-9a-f-]{36})/(?P<verb>approve|reject|ask|undo|retry)$",
        inbox.decide,
        name="decide",
    ),
    path("agents", agents.agents, name="agents"),
    path("agents/stop", agents.stop, name="stop"),
    path("agents/lift", agents.lift, name="lift"),
    path("agents/cycles/<int:cycle_id>", agents.cycle, name="cycle"),
    path("agents/letters/<int:delivery_id>/replay", agents.replay, name="replay"),
    path("agents/<slug:agent>/run", agents.run_now, name="run_now"),
    path("agents/autonomy/<slug:kind>", agents.set_autonomy, name="set_autonomy"),
    path("data/readiness", readiness.readiness, name="readiness"),
    path("data/readiness/go-live", readiness.go_live, name="go_live"),
    path("data/readiness/observe", readiness.observe_again, name="observe_again"),
    path("trail", trail.audit, name="audit"),
    path("settings", settings.settings, name="settings"),
    path("settings/channels", channels.channels, name="channels"),
    path("settings/channels/<slug:channel>", channels.set_channel, name="channel_set"),
    path("settings/channels/<slug:channel>/check", channels.check_channel, name="channel_check"),
    path("settings/email", channels.own_email, name="own_email"),
    path("settings/webhooks", webhooks.webhooks, name="webhooks"),
    path("settings/webhooks/add", webhooks.add, name="webhook_add"),
    path("settings/webhooks/<uuid:endpoint_id>", webhooks.endpoint, name="webhook"),
    path("settings/webhooks/<uuid:endpoint_id>/change", webhooks.change, name="webhook_change"),
    path("settings/webhooks/<uuid:endpoint_id>/remove", webhooks.remove, name="webhook_remove"),
    path("settings/webhooks/<uuid:endpoint_id>/rotate", webhooks.rotate, name="webhook_rotate"),
    path("settings/webhooks/<uuid:endpoint_id>/ping", webhooks.ping, name="webhook_ping"),
    path("settings/webhooks/<uuid:endpoint_id>/replay", webhooks.replay, name="webhook_replay"),
    path("settings/rules/<slug:agent>", settings.set_rules, name="set_rules"),
    path("settings/keys", keys.add_key, name="add_key"),
    path("settings/keys/<slug:prefix>/rotate", keys.turn_key, name="turn_key"),
    path("settings/requests", requests.requests, name="requests"),
    path("settings/keys/<slug:prefix>/revoke", keys.drop_key, name="drop_key"),
]
