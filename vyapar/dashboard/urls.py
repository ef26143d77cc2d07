"""Addresses of the shell."""

from django.contrib.auth.views import LogoutView
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
from vyapar.dashboard.views.language import SignIn

app_name = "dashboard"
urlpatterns = [
    path("", home.home, name="home"),
    path("activity", home.activity, name="activity"),
    path("sign-in", SignIn.as_view(), name="sign_in"),
    path("sign-out", LogoutView.as_view(), name="sign_out"),
    path("inbox", inbox.inbox, name="inbox"),
    re_path(r"^inbox\.(?P<form>csv|xlsx)$", inbox.inbox_file, name="inbox_file"),
    path("inbox/bulk", inbox.bulk, name="bulk"),
    path("inbox/<uuid:action_id>", inbox.action, name="action"),
    path("inbox/<uuid:action_id>/edit", inbox.edit, name="edit"),
    re_path(
        r"^inbox/(?P<action_id>[0-9a-f-]{36})/(?P<verb>approve|reject|ask|undo|retry)$",
        inbox.decide,
        name="decide",
    ),
    path("agents", agents.agents, name="agents"),
    re_path(r"^agents/cycles\.(?P<form>csv|xlsx)$", agents.cycles_file, name="cycles_file"),
    path("agents/stop", agents.stop, name="stop"),
    path("agents/lift", agents.lift, name="lift"),
    path("agents/cycles/<int:cycle_id>", agents.cycle, name="cycle"),
    re_path(
        r"^agents/cycles/(?P<cycle_id>[0-9]{1,18})\.(?P<form>csv|xlsx)$", agents.cycle_file, name="cycle_file"
    ),
    path("agents/letters/<int:delivery_id>/replay", agents.replay, name="replay"),
    path("agents/<slug:agent>/run", agents.run_now, name="run_now"),
    path("agents/autonomy/<slug:kind>", agents.set_autonomy, name="set_autonomy"),
    path("data/readiness", readiness.readiness, name="readiness"),
    path("data/readiness/go-live", readiness.go_live, name="go_live"),
    path("data/readiness/observe", readiness.observe_again, name="observe_again"),
    path("trail", trail.audit, name="audit"),
    re_path(r"^trail\.(?P<form>csv|xlsx)$", trail.audit_file, name="audit_file"),
    path("settings", settings.settings, name="settings"),
    path("settings/channels", channels.channels, name="channels"),
    path("settings/channels/<slug:channel>", channels.set_channel, name="channel_set"),
    path("settings/channels/<slug:channel>/check", channels.check_channel, name="channel_check"),
    path("settings/email", channels.own_email, name="own_email"),
    path("settings/phone", channels.own_phone, name="own_phone"),
    path("settings/webhooks", webhooks.webhooks, name="webhooks"),
    path("settings/webhooks/add", webhooks.add, name="webhook_add"),
    path("settings/webhooks/<uuid:endpoint_id>", webhooks.endpoint, name="webhook"),
    re_path(
        r"^settings/webhooks/(?P<endpoint_id>[0-9a-f-]{36})/deliveries\.(?P<form>csv|xlsx)$",
        webhooks.deliveries_file,
        name="webhook_file",
    ),
    path("settings/webhooks/<uuid:endpoint_id>/change", webhooks.change, name="webhook_change"),
    path("settings/webhooks/<uuid:endpoint_id>/remove", webhooks.remove, name="webhook_remove"),
    path("settings/webhooks/<uuid:endpoint_id>/rotate", webhooks.rotate, name="webhook_rotate"),
    path("settings/webhooks/<uuid:endpoint_id>/ping", webhooks.ping, name="webhook_ping"),
    path("settings/webhooks/<uuid:endpoint_id>/replay", webhooks.replay, name="webhook_replay"),
    path("settings/rules/<slug:agent>", settings.set_rules, name="set_rules"),
    path("settings/keys", keys.add_key, name="add_key"),
    path("settings/keys/<slug:prefix>/rotate", keys.turn_key, name="turn_key"),
    path("settings/requests", requests.requests, name="requests"),
    re_path(r"^settings/requests\.(?P<form>csv|xlsx)$", requests.requests_file, name="requests_file"),
    path("settings/keys/<slug:prefix>/revoke", keys.drop_key, name="drop_key"),
]
