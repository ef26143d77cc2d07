"""Addresses of inventory."""

from django.urls import path, re_path

from inventory.api import exports as exports_api
from inventory.api import feeds as feeds_api
from inventory.api import forecasts as forecasts_api
from inventory.api import imports as imports_api
from inventory.api import jobs as jobs_api
from inventory.api import money as money_api
from inventory.api import push as push_api
from inventory.api import quality as quality_api
from inventory.api import risk as risk_api
from inventory.api import stock as stock_api
from inventory.api import twins as twins_api
from inventory.views import (
    consents,
    data,
    exports,
    feeds,
    forecast,
    lots,
    mapping,
    outcomes,
    outlets,
    overrides,
    pivot,
    quality,
    quarantine,
    registrations,
    stock,
    twins,
)

app_name = "inventory"
urlpatterns = [
    path("stock", stock.stock, name="stock"),
    re_path(r"^stock\.(?P<form>csv|xlsx)$", stock.export, name="export"),
    path("stock/pivot", pivot.pivot, name="pivot"),
    path("stock/pivot/views", pivot.keep_view, name="keep_view"),
    re_path(r"^stock/pivot\.(?P<form>csv|xlsx)$", pivot.pivot_file, name="pivot_file"),
    path("stock/<str:sku>/<str:territory>", stock.item, name="item"),
    path("stock/<str:sku>/<str:territory>/ways", lots.lots, name="lots"),
    re_path(
        r"^stock/(?P<sku>[^/]{1,60})/(?P<territory>[^/]{1,40})/ways\.(?P<form>csv|xlsx)$",
        lots.lots_file,
        name="lots_file",
    ),
    re_path(
        r"^stock/(?P<sku>[^/]{1,60})/(?P<territory>[^/]{1,40})/movements\.(?P<form>csv|xlsx)$",
        stock.movements_file,
        name="movements_file",
    ),
    path("api/v1/inventory/current", stock_api.CurrentInventory.as_view(), name="current"),
    path("api/v1/inventory/outlook", risk_api.ItemOutlookDoor.as_view(), name="item_outlook"),
    path("api/v1/inventory/causes", risk_api.BatchCauseDoor.as_view(), name="batch_causes"),
    path("api/v1/outlets/dead-stock", risk_api.OutletStockDoor.as_view(), name="outlet_stock"),
    path("api/v1/risk-models", risk_api.RiskModelDoor.as_view(), name="risk_models"),
    path("api/v1/inventory/<str:sku>/history", stock_api.SkuHistory.as_view(), name="sku_history"),
    *(
        path(f"api/v1/{kind}/batch", door.as_view(), name=f"{kind}_batch")
        for kind, door in push_api.DOORS.items()
    ),
    path("api/v1/jobs/<uuid:job_id>", jobs_api.JobDoor.as_view(), name="job"),
    path("api/v1/jobs/<uuid:job_id>/faults", jobs_api.JobFaultsDoor.as_view(), name="job_faults"),
    path(
        "api/v1/retailers/<str:retailer_id>/sales-history",
        stock_api.SalesHistory.as_view(),
        name="sales_history",
    ),
    path("api/v1/retailers", stock_api.RetailerList.as_view(), name="retailers"),
    path("api/v1/forecasts", forecasts_api.ForecastDoor.as_view(), name="forecasts"),
    path("api/v1/forecast-overrides", forecasts_api.OverridesDoor.as_view(), name="overrides"),
    path(
        "api/v1/forecast-overrides/<int:override_id>",
        forecasts_api.OverrideDoor.as_view(),
        name="override",
    ),
    path("api/v1/distributor", stock_api.DistributorDoor.as_view(), name="distributor"),
    path("outlets", outlets.outlets, name="outlets"),
    re_path(r"^outlets\.(?P<form>csv|xlsx)$", outlets.outlets_file, name="outlets_file"),
    re_path(r"^outlets/items\.(?P<form>csv|xlsx)$", outlets.outlet_items_file, name="outlet_items_file"),
    path("outlets/<str:retailer_id>", outlets.outlet, name="outlet"),
    path("outlets/<str:retailer_id>/consent", consents.record, name="outlet_consent"),
    re_path(
        r"^outlets/(?P<retailer_id>[^/]{1,40})/standing\.(?P<form>csv|xlsx)$",
        outlets.outlet_file,
        name="outlet_file",
    ),
    path("settings/registrations", registrations.registrations, name="registrations"),
    path("settings/registrations/<slug:gstin>", registrations.keep_fssai, name="fssai"),
    path("forecast", forecast.forecast, name="forecast"),
    re_path(r"^forecast\.(?P<form>csv|xlsx)$", forecast.forecast_file, name="forecast_file"),
    re_path(r"^forecast/overrides\.(?P<form>csv|xlsx)$", forecast.overrides_file, name="overrides_file"),
    path("forecast/overrides/new", overrides.new_override, name="override_new"),
    path("forecast/overrides/<int:override_id>/change", overrides.edit_override, name="override_edit"),
    path("forecast/overrides/<int:override_id>/drop", overrides.take_back_override, name="override_drop"),
    path("outcomes", outcomes.outcomes, name="outcomes"),
    re_path(
        r"^outcomes/replays/(?P<replay_id>[0-9a-f-]{36})/(?P<form>report|rows)$",
        outcomes.replay_file,
        name="replay_file",
    ),
    path("api/v1/impact", money_api.ImpactDoor.as_view(), name="impact_sums"),
    path("api/v1/outcomes", money_api.OutcomesDoor.as_view(), name="outcomes_list"),
    path("api/v1/ways-out/<str:sku>", money_api.WaysOutDoor.as_view(), name="ways_out"),
    path("data", data.data, name="data"),
    re_path(r"^data/imports\.(?P<form>csv|xlsx)$", data.imports_file, name="imports_file"),
    path("data/upload", data.upload, name="import_upload"),
    path("data/imports/<uuid:run_id>", data.one_import, name="import"),
    path("data/imports/<uuid:run_id>/progress", data.progress, name="import_progress"),
    path("data/imports/<uuid:run_id>/mapping", mapping.mapping, name="import_mapping"),
    re_path(
        r"^data/imports/(?P<run_id>[0-9a-f-]{36})/(?P<verb>write|cancel|undo|reconcile)$",
        data.decide,
        name="import_decide",
    ),
    path("data/imports/<uuid:run_id>/quarantine", quarantine.quarantine, name="import_quarantine"),
    path("data/imports/<uuid:run_id>/quarantine/drive", quarantine.drive, name="quarantine_drive"),
    re_path(
        r"^data/imports/(?P<run_id>[0-9a-f-]{36})/quarantine\.(?P<form>csv|xlsx)$",
        quarantine.export,
        name="quarantine_file",
    ),
    path("data/rows/<int:row_id>/correct", quarantine.correct, name="quarantine_correct"),
    path("data/rows/<int:row_id>/drop", quarantine.drop, name="quarantine_drop"),
    path("data/quality", quality.quality, name="quality"),
    re_path(r"^data/quality\.(?P<form>csv|xlsx)$", quality.quality_file, name="quality_file"),
    path("data/quality/now", quality.regrade, name="quality_regrade"),
    path("api/v1/quality", quality_api.QualityDoor.as_view(), name="quality_all"),
    re_path(r"^data/exports\.(?P<form>csv|xlsx)$", exports.exports_file, name="exports_file"),
    path("data/exports", exports.exports, name="exports"),
    path("data/exports/<slug:feed>/lock", exports.lock, name="export_lock"),
    path("data/exports/<slug:feed>/answers", exports.answers, name="export_answers"),
    path("data/exports/files/<uuid:token>/release", exports.release, name="export_release"),
    re_path(
        r"^data/exports/files/(?P<token>[0-9a-f-]{36})/(?P<form>file|xlsx)$",
        exports.download,
        name="export_file",
    ),
    path("data/exports/<int:export_id>/answer", exports.answer, name="export_answer"),
    path("data/exports/<int:export_id>/retry", exports.retry, name="export_retry"),
    path("api/v1/imports", imports_api.ImportList.as_view(), name="import_list"),
    path("api/v1/imports/<uuid:run_id>", imports_api.ImportDoor.as_view(), name="import_one"),
    path("api/v1/imports/<uuid:run_id>/write", imports_api.ImportWrite.as_view(), name="import_write"),
    path("api/v1/imports/<uuid:run_id>/cancel", imports_api.ImportCancel.as_view(), name="import_cancel"),
    path("api/v1/imports/<uuid:run_id>/undo", imports_api.ImportUndo.as_view(), name="import_undo"),
    path(
        "api/v1/imports/<uuid:run_id>/quarantine",
        imports_api.QuarantineDoor.as_view(),
        name="import_quarantine_list",
    ),
    path(
        "api/v1/imports/<uuid:run_id>/quarantine.csv",
        imports_api.QuarantineFile.as_view(),
        name="import_quarantine_csv",
    ),
    path("api/v1/exports", exports_api.ExportList.as_view(), name="export_list"),
    path("api/v1/exports/lock", exports_api.ExportLock.as_view(), name="export_api_lock"),
    path("api/v1/exports/release", exports_api.ExportRelease.as_view(), name="export_api_release"),
    path("api/v1/exports/locks/<uuid:token>", exports_api.ExportLockFile.as_view(), name="export_api_file"),
    path("api/v1/exports/<str:key>", exports_api.ExportOne.as_view(), name="export_one"),
    path(
        "api/v1/exports/<str:key>/acknowledge",
        exports_api.ExportAcknowledge.as_view(),
        name="export_acknowledge",
    ),
    path("data/feeds", feeds.feeds, name="feeds"),
    path("data/feeds/new/<slug:system>", feeds.new_feed, name="feed_new"),
    path("data/feeds/<slug:code>", feeds.feed, name="feed"),
    path("data/feeds/<slug:code>/edit", feeds.edit_feed, name="feed_edit"),
    re_path(
        r"^data/feeds/(?P<code>[a-z0-9-]{1,40})/(?P<verb>check|pull|on|off)$",
        feeds.decide,
        name="feed_decide",
    ),
    path("data/twins", twins.twins, name="twins"),
    re_path(r"^data/twins\.(?P<form>csv|xlsx)$", twins.twins_file, name="twins_file"),
    path("data/twins/certain", twins.bulk, name="twins_bulk"),
    re_path(
        r"^data/twins/(?P<twins_id>[0-9]{1,18})/(?P<verb>left|right|apart|undo)$",
        twins.decide,
        name="twins_decide",
    ),
    path("api/v1/twins", twins_api.TwinsList.as_view(), name="twins_list"),
    path("api/v1/twins/<int:twins_id>/merge", twins_api.TwinsMergeDoor.as_view(), name="twins_merge"),
    path("api/v1/twins/<int:twins_id>/keep-apart", twins_api.TwinsApartDoor.as_view(), name="twins_apart"),
    path("api/v1/twins/<int:twins_id>/undo", twins_api.TwinsUndoDoor.as_view(), name="twins_undo"),
    path("api/v1/feeds", feeds_api.FeedsDoor.as_view(), name="feed_list"),
    path("api/v1/feeds/<slug:code>", feeds_api.FeedDoor.as_view(), name="feed_one"),
    path("api/v1/feeds/<slug:code>/pull", feeds_api.FeedPull.as_view(), name="feed_pull"),
    path("api/v1/feeds/<slug:code>/check", feeds_api.FeedCheck.as_view(), name="feed_check"),
    path("api/v1/feeds/<slug:code>/events", feeds_api.events, name="feed_events"),
]
