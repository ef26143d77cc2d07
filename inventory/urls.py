"""Addresses of inventory."""

from django.urls import path, re_path, register_converter

from inventory.api import adjustments as adjustments_api
from inventory.api import claim_goods as goods_api
from inventory.api import claims as claims_api
from inventory.api import exports as exports_api
from inventory.api import feeds as feeds_api
from inventory.api import forecasts as forecasts_api
from inventory.api import imports as imports_api
from inventory.api import jobs as jobs_api
from inventory.api import money as money_api
from inventory.api import push as push_api
from inventory.api import quality as quality_api
from inventory.api import risk as risk_api
from inventory.api import saved_views as saved_views_api
from inventory.api import stock as stock_api
from inventory.api import twins as twins_api
from inventory.views import (
    batch,
    batches,
    claim_goods,
    claims,
    consent_lists,
    consents,
    corrections,
    data,
    exports,
    feeds,
    forecast,
    lots,
    mapping,
    outcomes,
    outlets,
    outliers,
    outlook,
    overrides,
    pivot,
    quality,
    quarantine,
    registrations,
    sku,
    stock,
    twins,
)
from vyapar.kernel.segments import Name, Sheet


class SkuName(Name):
    """A SKU behind `stock/`, where some pages have names too."""

    taken = ("batches", "pivot")


register_converter(Name, "name")
register_converter(SkuName, "sku")
register_converter(Sheet, "sheet")

app_name = "inventory"
urlpatterns = [
    path("stock", stock.stock, name="stock"),
    re_path(r"^stock\.(?P<form>csv|xlsx)$", stock.export, name="export"),
    path("stock/batches", batches.batches, name="batches"),
    re_path(r"^stock/batches\.(?P<form>csv|xlsx)$", batches.batches_file, name="batches_file"),
    path("stock/pivot", pivot.pivot, name="pivot"),
    path("stock/pivot/views", pivot.keep_view, name="keep_view"),
    re_path(r"^stock/pivot\.(?P<form>csv|xlsx)$", pivot.pivot_file, name="pivot_file"),
    path("stock/<sku:sku>", sku.sku, name="sku"),
    path("stock/<sku:sku>/batches/<name:number>", batch.batch, name="batch"),
    path(
        "stock/<sku:sku>/batches/<name:number>/movements.<sheet:form>",
        batch.batch_movements,
        name="batch_movements",
    ),
    path("stock/<sku:sku>/<name:territory>", stock.item, name="item"),
    path("stock/<sku:sku>/<name:territory>/ways", lots.lots, name="lots"),
    path("stock/<sku:sku>/<name:territory>/ways.<sheet:form>", lots.lots_file, name="lots_file"),
    path(
        "stock/<sku:sku>/<name:territory>/movements.<sheet:form>", stock.movements_file, name="movements_file"
    ),
    path("api/v1/inventory/current", stock_api.CurrentInventory.as_view(), name="current"),
    path("api/v1/inventory/outlook", risk_api.ItemOutlookDoor.as_view(), name="item_outlook"),
    path("api/v1/inventory/causes", risk_api.BatchCauseDoor.as_view(), name="batch_causes"),
    path("api/v1/outlets/dead-stock", risk_api.OutletStockDoor.as_view(), name="outlet_stock"),
    path("api/v1/saved-views", saved_views_api.SavedViewsDoor.as_view(), name="saved_views"),
    path("api/v1/saved-views/<int:view_id>", saved_views_api.SavedViewDoor.as_view(), name="saved_view"),
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
    path("api/v1/forecast-effects", forecasts_api.ForecastEffectsDoor.as_view(), name="forecast-effects"),
    path("api/v1/forecast-overrides", forecasts_api.OverridesDoor.as_view(), name="overrides"),
    path(
        "api/v1/forecast-overrides/<int:override_id>",
        forecasts_api.OverrideDoor.as_view(),
        name="override",
    ),
    path("api/v1/demand-outliers", adjustments_api.OutliersDoor.as_view(), name="demand_outliers"),
    path("api/v1/demand-adjustments", adjustments_api.AdjustmentsDoor.as_view(), name="adjustments"),
    path(
        "api/v1/demand-adjustments/<int:adjustment_id>",
        adjustments_api.AdjustmentDoor.as_view(),
        name="adjustment",
    ),
    path("api/v1/distributor", stock_api.DistributorDoor.as_view(), name="distributor"),
    path("outlets", outlets.outlets, name="outlets"),
    re_path(r"^outlets\.(?P<form>csv|xlsx)$", outlets.outlets_file, name="outlets_file"),
    re_path(r"^outlets/items\.(?P<form>csv|xlsx)$", outlets.outlet_items_file, name="outlet_items_file"),
    path("outlets/consents", consent_lists.consents, name="consents"),
    path("outlets/consents/write", consent_lists.write, name="consents_write"),
    re_path(r"^outlets/consents/form\.(?P<form>csv|xlsx)$", consent_lists.form_file, name="consents_form"),
    path("outlets/<name:retailer_id>", outlets.outlet, name="outlet"),
    path("outlets/<name:retailer_id>/consent", consents.record, name="outlet_consent"),
    path("outlets/<name:retailer_id>/terms", outlets.keep_terms, name="outlet_terms"),
    path("outlets/<name:retailer_id>/standing.<sheet:form>", outlets.outlet_file, name="outlet_file"),
    path("outlets/<name:retailer_id>/bought.<sheet:form>", outlets.bought_file, name="bought_file"),
    path("settings/registrations", registrations.registrations, name="registrations"),
    path("settings/registrations/<slug:gstin>", registrations.keep_fssai, name="fssai"),
    path("forecast", forecast.forecast, name="forecast"),
    re_path(r"^forecast\.(?P<form>csv|xlsx)$", forecast.forecast_file, name="forecast_file"),
    re_path(r"^forecast/overrides\.(?P<form>csv|xlsx)$", forecast.overrides_file, name="overrides_file"),
    path("forecast/overrides/new", overrides.new_override, name="override_new"),
    path("forecast/overrides/<int:override_id>/change", overrides.edit_override, name="override_edit"),
    path("forecast/overrides/<int:override_id>/drop", overrides.take_back_override, name="override_drop"),
    path("forecast/outliers", outliers.outliers, name="outliers"),
    re_path(r"^forecast/outliers\.(?P<form>csv|xlsx)$", outliers.outliers_file, name="outliers_file"),
    path("forecast/outliers/correct", outliers.correct_outlier, name="outlier_correct"),
    path("forecast/corrections", corrections.corrections, name="corrections"),
    re_path(
        r"^forecast/corrections\.(?P<form>csv|xlsx)$", corrections.corrections_file, name="corrections_file"
    ),
    path("forecast/corrections/new", corrections.new_correction, name="correction_new"),
    path(
        "forecast/corrections/<int:adjustment_id>/withdraw",
        corrections.withdraw_correction,
        name="correction_withdraw",
    ),
    path("claims", claims.claims, name="claims"),
    re_path(r"^claims\.(?P<form>csv|xlsx)$", claims.claims_file, name="claims_file"),
    path("claims/new", claims.new_claim, name="claim_new"),
    path("claims/<int:claim_id>", claims.claim, name="claim"),
    path("claims/<int:claim_id>/withdraw", claims.withdraw, name="claim_withdraw"),
    path("claims/<int:claim_id>/correct", claim_goods.correct, name="claim_correct"),
    path("claims/<int:claim_id>/rest", claim_goods.rest, name="claim_rest"),
    path("claims/<int:claim_id>/send", claim_goods.send, name="claim_send"),
    path("claims/<int:claim_id>/sendings/<int:sending_id>", claim_goods.settle, name="claim_goods"),
    path(
        "claims/<int:claim_id>/sendings/<int:sending_id>/receipt", claim_goods.receive, name="claim_receipt"
    ),
    path(
        "claims/<int:claim_id>/sendings/<int:sending_id>/receipt/back",
        claim_goods.receipt_back,
        name="claim_receipt_back",
    ),
    path("api/v1/claims", claims_api.ClaimsDoor.as_view(), name="claims_list"),
    path("api/v1/claims/<int:claim_id>", claims_api.ClaimDoor.as_view(), name="claim_one"),
    path("api/v1/claims/<int:claim_id>/answer", claims_api.ClaimAnswerDoor.as_view(), name="claim_answer"),
    path("api/v1/claims/<int:claim_id>/withdraw", claims_api.ClaimBackDoor.as_view(), name="claim_back"),
    path("api/v1/claims/<int:claim_id>/correct", goods_api.ClaimCorrectDoor.as_view(), name="claim_amend"),
    path("api/v1/claims/<int:claim_id>/send", goods_api.ClaimSendDoor.as_view(), name="claim_leave"),
    path("api/v1/claims/<int:claim_id>/call-back", goods_api.ClaimCallDoor.as_view(), name="claim_call"),
    path("api/v1/claims/<int:claim_id>/receipt", goods_api.ClaimReceiptDoor.as_view(), name="claim_received"),
    path(
        "api/v1/claims/<int:claim_id>/receipt/take-back",
        goods_api.ClaimReceiptBackDoor.as_view(),
        name="claim_receipt_undone",
    ),
    path("api/v1/claims/<int:claim_id>/rest", goods_api.ClaimRestDoor.as_view(), name="claim_stays"),
    path("api/v1/claims/<int:claim_id>/goods", goods_api.ClaimFateDoor.as_view(), name="claim_fate"),
    path("outcomes", outcomes.outcomes, name="outcomes"),
    re_path(r"^outcomes/months\.(?P<form>csv|xlsx)$", outcomes.months_file, name="months_file"),
    re_path(r"^outcomes\.(?P<form>csv|xlsx)$", outcomes.outcomes_file, name="outcomes_file"),
    re_path(r"^outcomes/expiring\.(?P<form>csv|xlsx)$", outcomes.expiring_file, name="expiring_file"),
    re_path(r"^outcomes/learnt\.(?P<form>csv|xlsx)$", outcomes.learnt_file, name="learnt_file"),
    path("outlook", outlook.outlook, name="outlook"),
    re_path(r"^outlook\.(?P<form>csv|xlsx)$", outlook.outlook_file, name="outlook_file"),
    path("outcomes/replays", outcomes.play_again, name="play_again"),
    re_path(
        r"^outcomes/replays/(?P<replay_id>[0-9a-f-]{36})/(?P<form>report|rows|xlsx)$",
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
