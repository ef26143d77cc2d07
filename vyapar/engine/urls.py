"""Addresses of the spine's doors."""

from django.urls import path

from vyapar.engine import api

app_name = "engine"
urlpatterns = [
    path("api/v1/actions", api.ActionList.as_view(), name="actions"),
    path("api/v1/actions/<uuid:action_id>", api.ActionOne.as_view(), name="action"),
    path("api/v1/actions/<uuid:action_id>/approve", api.ActionApprove.as_view(), name="approve"),
    path("api/v1/actions/<uuid:action_id>/reject", api.ActionReject.as_view(), name="reject"),
    path("api/v1/actions/<uuid:action_id>/edit", api.ActionEdit.as_view(), name="edit"),
    path("api/v1/actions/<uuid:action_id>/ask", api.ActionAsk.as_view(), name="ask"),
    path("api/v1/actions/<uuid:action_id>/undo", api.ActionUndo.as_view(), name="undo"),
    path("api/v1/events", api.EventList.as_view(), name="events"),
    path("api/v1/business-rules", api.BusinessRules.as_view(), name="business_rules"),
    path("api/v1/readiness", api.ReadinessDoor.as_view(), name="readiness"),
    path("api/v1/readiness/go-live", api.GoLive.as_view(), name="go_live"),
    path("api/v1/readiness/observe", api.ObserveAgain.as_view(), name="observe_again"),
    path("api/v1/stop", api.Stop.as_view(), name="stop"),
    path("audit/v1/trail/create", api.TrailCreate.as_view(), name="trail_create"),
    path("audit/v1/trail", api.TrailList.as_view(), name="trail"),
]
