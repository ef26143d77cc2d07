"""Tables of the inventory: places, goods, the ledger, demand and what the agents think of it."""

from inventory.models.analysis import BatchRisk, DemandForecast, ForecastScore, StockCell, StockItem
from inventory.models.corrections import DemandAdjustment, DemandOutlier
from inventory.models.exports import Export
from inventory.models.feeds import (
    Feed,
    FeedEvent,
    FeedVoucher,
    ImportChange,
    ImportPart,
    ImportRun,
    ImportTally,
    ImportTotal,
    MappingProfile,
    QuarantinedRow,
)
from inventory.models.forecasts import ForecastModel, ForecastOverride
from inventory.models.goods import Batch, Brand, Category, PurchaseLine, Sku
from inventory.models.landing import CancelledSale, SkuPrice
from inventory.models.ledger import (
    DailyDemand,
    Movement,
    MovementKind,
    Position,
    Purpose,
    Reservation,
    Sale,
)
from inventory.models.offers import Offer
from inventory.models.outcomes import (
    Claim,
    ClaimSending,
    ImpactDaily,
    LearntFactor,
    NoteReversal,
    Prediction,
    ReplayReport,
)
from inventory.models.places import GstRegistration, Location, LocationKind, Retailer, Territory
from inventory.models.quality import QualityGrade
from inventory.models.risk import ItemOutlook, OutletStock, PositionOutlook, RiskModel, StandingDay
from inventory.models.saved_views import SavedView
from inventory.models.twins import Twins, TwinsChange, TwinsLook

__all__ = [
    "Batch",
    "BatchRisk",
    "Brand",
    "CancelledSale",
    "Category",
    "Claim",
    "ClaimSending",
    "DailyDemand",
    "DemandAdjustment",
    "DemandForecast",
    "DemandOutlier",
    "Export",
    "Feed",
    "FeedEvent",
    "FeedVoucher",
    "ForecastModel",
    "ForecastOverride",
    "ForecastScore",
    "GstRegistration",
    "ImpactDaily",
    "ImportChange",
    "ImportPart",
    "ImportRun",
    "ImportTally",
    "ImportTotal",
    "ItemOutlook",
    "LearntFactor",
    "Location",
    "LocationKind",
    "MappingProfile",
    "Movement",
    "MovementKind",
    "NoteReversal",
    "Offer",
    "OutletStock",
    "Position",
    "PositionOutlook",
    "Prediction",
    "PurchaseLine",
    "Purpose",
    "QualityGrade",
    "QuarantinedRow",
    "ReplayReport",
    "Reservation",
    "Retailer",
    "RiskModel",
    "Sale",
    "SavedView",
    "Sku",
    "SkuPrice",
    "StandingDay",
    "StockCell",
    "StockItem",
    "Territory",
    "Twins",
    "TwinsChange",
    "TwinsLook",
]
