"""Before going live: what stands in the way, the switch and the way back, and the first steps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context
from rest_framework.test import APIClient

from inventory.contracts.feeds import RecordKind
from inventory.models import (
    Batch,
    Feed,
    GstRegistration,
    ImportPart,
    ImportRun,
    Location,
    Position,
    QuarantinedRow,
    Sku,
    Territory,
)
from tests.builders import AT, MACHINE, OWNER, build_world, consent, open_channels, propose_transfer, sell
from tests.builders import transfer_payload as payload_of
from vyapar.engine import services
from vyapar.engine.contracts import Mode, Weight
from vyapar.engine.models import AuditEntry, AutonomyVersion, Event
from vyapar.engine.selectors import autonomy_of, is_live, list_modes, look_at_readiness
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import agent
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Forbidden, Refused
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person
from vyapar.tenancy.models import Distributor

BLOCKERS = {
    "gstin", "godown", "coordinates", "sku", "sku_hsn", "sku_mrp", "sku_cost", "stock", "sales", "import",
}  # fmt: skip


@pytest.fixture
def real(alpha) -> Distributor:
    """Alpha as a real distributor: nothing about it is simulated."""
    Distributor.objects.filter(pk=alpha.pk).update(sandbox=False)
    alpha.sandbox = False
    yield alpha
    alpha.sandbox = True


@pytest.fixture
def world(real):
    """All that going live asks for: places, goods, stock, and a sale of today."""
    world = build_world()
    sell(("R001", "BIS-100", 5), on=ist_day(AT))
    sell(("R002", "BIS-100", 5), on=ist_day(timezone.now()))
    return world


def missing(at=AT) -> dict[str, object]:
    return {one.name: lack for one, lack in look_at_readiness(at) if lack is not None}


def lack_of(name: str, at=AT):
    found = missing(at)
    assert name in found, sorted(found)
    return found[name]


def run_in(state: str, number: int = 1, feed: Feed | None = None, **more) -> ImportRun:
    feed = (
        feed
        or Feed.objects.get_or_create(
            code="files", defaults={"name": "Files", "system": "files", "created_at": AT, "updated_at": AT}
        )[0]
    )
    return ImportRun.objects.create(
        number=number, feed=feed, title=f"book {number}.xlsx", state=state, started_by="user:1",
        created_at=AT, **more,
    )  # fmt: skip


class TestLooking:
    """Each thing that may be missing, one at a time."""

    def test_an_empty_distributor_lacks_nearly_all_and_each_lack_says_what_to_do(self, real) -> None:
        found = missing()
        assert {"gstin", "godown", "stock", "sales"} <= set(found)
        assert {"consent", "channel", "limits", "owner_email"} <= set(found)
        assert all(lack.message and lack.fix and lack.count >= 1 for lack in found.values())

    def test_a_distributor_with_all_of_it_has_no_blocker(self, world) -> None:
        assert not {name for name in missing() if name in BLOCKERS}

    def test_weights_are_as_they_are_documented(self) -> None:
        from vyapar.engine import registry

        assert {one.name for one in registry.readiness() if one.weight is Weight.BLOCKER} == BLOCKERS

    def test_a_switched_off_registration_is_none(self, world) -> None:
        GstRegistration.objects.update(active=False)
        assert "GSTIN" in lack_of("gstin").message

    def test_a_territory_without_godown_is_named(self, world) -> None:
        registration = GstRegistration.objects.first()
        for number in range(6):
            Territory.objects.create(code=f"T{number}", name="Bare", registration=registration)
        lack = lack_of("godown")
        assert (lack.count, lack.examples) == (6, ("T0", "T1", "T2", "T3", "T4"))

    @pytest.mark.parametrize(("latitude", "longitude"), [(0, 0), (51.5, 0.1), (18.5, 40.0)])
    def test_a_godown_outside_india_stands_nowhere(self, world, latitude, longitude) -> None:
        Location.objects.filter(code="GD-PUNE").update(latitude=latitude, longitude=longitude)
        assert lack_of("coordinates").examples == ("GD-PUNE",)

    def test_a_godown_in_the_middle_of_its_state_for_want_of_a_pincode_stands_nowhere(self, world) -> None:
        from inventory.feeds.canonical import middle_of_state

        latitude, longitude = middle_of_state("27")
        godown = Location.objects.filter(code="GD-NAGPUR")
        godown.update(latitude=latitude, longitude=longitude)
        assert "coordinates" not in missing()
        godown.update(pincode="")
        assert lack_of("coordinates").examples == ("GD-NAGPUR",)

    @pytest.mark.parametrize(("name", "change"), [("sku_hsn", {"hsn": ""}), ("sku_mrp", {"mrp_paise": 0})])
    def test_a_sku_without_what_its_price_or_tax_needs_blocks(self, world, name, change) -> None:
        Sku.objects.filter(code="TEA-250").update(**change)
        assert lack_of(name).examples == ("TEA-250",)
        Sku.objects.filter(code="TEA-250").update(active=False)
        assert name not in missing()

    def test_a_cost_that_a_batch_names_is_a_cost(self, world) -> None:
        Sku.objects.filter(code="TEA-250").update(cost_paise=0)
        assert "sku_cost" not in missing()
        Batch.objects.filter(sku__code="TEA-250").update(cost_paise=0)
        assert lack_of("sku_cost").count == 1

    def test_an_hsn_without_a_clear_rate_today_warns(self, world) -> None:
        assert "hsn_rate" not in missing()
        Sku.objects.filter(code="SOAP-75").update(hsn="99999999", rate_item="")
        lack = lack_of("hsn_rate")
        assert lack.examples == ("99999999",)

    def test_food_without_an_fssai_number_warns(self, world) -> None:
        GstRegistration.objects.filter(state_code="29").update(fssai="")
        assert lack_of("fssai").count == 1
        Sku.objects.filter(code__in=["BIS-100", "TEA-250"]).update(active=False)
        assert "fssai" not in missing(), "soap and detergent are no food"

    def test_stock_that_expires_without_saying_when_warns(self, world) -> None:
        Batch.objects.update(expiry_date=None)
        assert lack_of("expiry").examples == ("BIS-100", "TEA-250"), "soap without a shelf life never expires"
        Position.objects.update(on_hand=0)
        assert "expiry" not in missing()
        assert "stock" in missing()

    def test_thirty_days_without_a_sale_block(self, world) -> None:
        newest = timezone.now()
        assert "sales" not in missing(newest + timedelta(days=29))
        assert lack_of("sales", newest + timedelta(days=30)).examples == (ist_day(newest).isoformat(),)

    def test_the_first_consent_and_the_first_open_channel_are_enough(self, world) -> None:
        assert {"consent", "channel"} <= set(missing())
        consent("R001")
        open_channels()
        assert not {"consent", "channel"} & set(missing())

    def test_an_import_that_does_not_add_up_blocks_until_its_feed_ran_well_again(self, world) -> None:
        run = run_in("written", finished_at=AT)
        assert lack_of("import").link == f"/data/imports/{run.pk}"
        Feed.objects.update(last_ok_at=AT + timedelta(minutes=1))
        assert "import" not in missing()

    def test_an_import_that_broke_off_blocks_only_when_rows_of_it_are_in(self, world) -> None:
        run = run_in("failed", finished_at=AT)
        assert "import" not in missing()
        ImportPart.objects.create(run=run, number=1, kind=RecordKind.SKUS, rows=3, at=AT)
        assert lack_of("import").count == 1

    def test_files_that_wait_rows_set_aside_and_feeds_that_never_ran_warn(self, world) -> None:
        run = run_in("checked")
        done = run_in("reconciled", 2)
        QuarantinedRow.objects.create(run=done, kind=RecordKind.SALES, row=7, values={}, faults=[])
        assert lack_of("unfinished").examples == (f"{run.number} · {run.title}",)
        assert lack_of("quarantine").link == f"/data/imports/{done.pk}/quarantine"
        assert "feed" not in missing(), "files are uploaded when there are some"
        Feed.objects.update(system="tally", name="Tally")
        assert lack_of("feed").examples == ("Tally",)

    def test_looking_costs_the_same_however_much_there_is(self, world, django_assert_max_num_queries) -> None:
        with django_assert_max_num_queries(50):
            look_at_readiness(AT)


class TestSwitching:
    """From observing to proposing and back."""

    def test_a_real_distributor_starts_observing_and_a_demonstration_does_not(self, alpha) -> None:
        assert is_live()
        alpha.sandbox = False
        try:
            assert not is_live()
            assert set(list_modes().values()) == {Mode.OBSERVE}
            assert autonomy_of("transfer").mode is Mode.OBSERVE
        finally:
            alpha.sandbox = True

    def test_going_live_is_refused_with_every_blocker_and_leaves_no_trace(self, real) -> None:
        with pytest.raises(Refused) as caught:
            services.go_live(actor=OWNER, at=AT)
        assert caught.value.code == "not_ready"
        assert {fault.code for fault in caught.value.faults} == {"gstin", "godown", "sku", "stock", "sales"}
        assert not AutonomyVersion.objects.exists()
        assert not Event.objects.filter(name="WentLive").exists()
        assert not is_live()

    def test_going_live_lets_every_kind_propose_and_is_told_and_kept_in_the_trail(self, world) -> None:
        kinds = services.go_live(actor=OWNER, at=AT, reason="reconciled")
        assert set(kinds) == set(list_modes())
        assert set(list_modes().values()) == {Mode.PROPOSE}
        event = Event.objects.get(name="WentLive")
        assert set(event.payload["kinds"]) == set(kinds)
        assert {"consent", "limits"} <= set(event.payload["warnings"])
        assert "limits" in missing(), "going live sets no limit"
        assert AuditEntry.objects.get(verb="WentLive").reason == "reconciled"

    def test_going_live_twice_changes_nothing(self, world) -> None:
        services.go_live(actor=OWNER, at=AT)
        services.set_autonomy("campaign", {"mode": "observe"}, actor=OWNER, at=AT)
        assert services.go_live(actor=OWNER, at=AT) == ()
        assert autonomy_of("campaign").mode is Mode.OBSERVE
        assert Event.objects.filter(name="WentLive").count() == 1

    def test_the_way_back_silences_every_kind_and_limits_stay(self, world) -> None:
        services.go_live(actor=OWNER, at=AT)
        services.set_autonomy(
            "transfer", {"mode": "auto_within_limits", "max_quantity": 7}, actor=OWNER, at=AT
        )
        assert set(services.observe_again(actor=OWNER, at=AT)) == set(list_modes())
        assert not is_live()
        assert (autonomy_of("transfer").mode, autonomy_of("transfer").max_quantity) == (Mode.OBSERVE, 7)
        assert services.observe_again(actor=OWNER, at=AT) == ()
        assert Event.objects.filter(name="WentObserving").count() == 1
        services.go_live(actor=OWNER, at=AT)
        assert autonomy_of("transfer").mode is Mode.PROPOSE

    def test_no_kind_slips_out_of_observing_by_its_limits(self, real) -> None:
        with pytest.raises(Refused) as caught:
            services.set_autonomy("transfer", {"mode": "auto"}, actor=OWNER, at=AT)
        assert caught.value.code == "not_live"
        assert services.set_autonomy("transfer", {"max_quantity": 9}, actor=OWNER, at=AT).max_quantity == 9
        assert not is_live()

    def test_agents_may_not_switch(self, world) -> None:
        for verb in (services.go_live, services.observe_again):
            with pytest.raises(Forbidden):
                verb(actor=agent("monitoring"), at=AT)

    def test_what_an_agent_proposes_is_passed_over_until_then(self, world) -> None:
        with pytest.raises(AssertionError, match="only observed"):
            propose_transfer(payload_of(world))
        services.go_live(actor=OWNER, at=AT)
        assert propose_transfer(payload_of(world)).status == "proposed"

    def test_one_distributors_switch_is_not_the_others(self, world, beta) -> None:
        with tenant_context(beta):
            before = list_modes()
        services.observe_again(actor=OWNER, at=AT)
        services.go_live(actor=OWNER, at=AT)
        with tenant_context(beta):
            assert list_modes() == before
            assert not Event.objects.filter(name="WentLive").exists()
            assert "stock" in missing()


def client_of(role: Role) -> Client:
    person = add_person(
        username=role.value, password="look-at-data-1", role=role, email=f"{role}@a.example"
    )  # fmt: skip
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


class TestPages:
    """As people see it."""

    def test_the_page_names_what_is_missing_with_a_link_and_holds_the_switch_back(self, real) -> None:
        page = client_of(Role.OWNER).get("/data/readiness").content.decode()
        assert 'id="lack-stock"' in page
        assert "no stock is known" in page
        assert "live-dialog" not in page
        assert 'href="/data"' in page

    def test_an_owner_goes_live_and_back_and_everyone_sees_it(self, world) -> None:
        owner, analyst = client_of(Role.OWNER), client_of(Role.ANALYST)
        assert "live-dialog" in owner.get("/data/readiness").content.decode()
        assert "Only watching" in analyst.get("/").content.decode()
        assert "Only watching" in analyst.get("/agents").content.decode()
        owner.post("/data/readiness/go-live", {"reason": "checked"})
        assert is_live()
        assert "Only watching" not in analyst.get("/").content.decode()
        assert "Only watching" not in analyst.get("/agents").content.decode()
        owner.post("/data/readiness/observe")
        assert not is_live()

    @pytest.mark.parametrize("role", [Role.MANAGER, Role.ANALYST])
    def test_nobody_but_an_owner_may_switch(self, world, role) -> None:
        client = client_of(role)
        assert client.get("/data/readiness").status_code == 200
        assert client.post("/data/readiness/go-live").status_code == 403
        assert client.post("/data/readiness/observe").status_code == 403
        assert not is_live()

    def test_blockers_are_shown_when_somebody_posts_all_the_same(self, real) -> None:
        owner = client_of(Role.OWNER)
        answer = owner.post("/data/readiness/go-live", follow=True).content.decode()
        assert "must be mended before going live" in answer
        assert not is_live()


class TestSteps:
    """The first screen of a new distributor."""

    @staticmethod
    def steps(client: Client) -> list[str]:
        return [step["is"] for step in client.get("/").context["onboarding"]]

    def test_each_step_is_ticked_by_what_is_there_and_all_vanish_when_live(self, real) -> None:
        owner = client_of(Role.OWNER)
        assert self.steps(owner) == ["now", "later", "later", "later", "later"]
        run = run_in("uploaded", options={"wait": True})
        assert self.steps(owner) == ["done", "now", "later", "later", "later"]
        assert f"/data/imports/{run.pk}" in owner.get("/").content.decode()
        ImportRun.objects.update(state="checked", options={})
        assert self.steps(owner) == ["done", "done", "now", "later", "later"]
        ImportRun.objects.update(state="reconciled")
        Feed.objects.update(last_ok_at=AT)
        assert self.steps(owner) == ["done", "done", "now", "later", "later"], "nothing stands anywhere yet"
        build_world()
        assert self.steps(owner) == ["done", "done", "done", "now", "later"]
        sell(("R001", "BIS-100", 5), on=ist_day(timezone.now()))
        assert self.steps(owner) == ["done", "done", "done", "done", "now"]
        services.go_live(actor=OWNER, at=timezone.now())
        assert self.steps(owner) == []
        assert "onboarding__step" not in owner.get("/").content.decode()

    def test_a_demonstration_has_no_first_steps(self, alpha) -> None:
        assert self.steps(client_of(Role.OWNER)) == []


class TestApi:
    """The same over the API."""

    @staticmethod
    def caller(*scopes: May) -> APIClient:
        _row, secret = issue_key(name="live", scopes=scopes, actor=MACHINE, at=timezone.now())
        return APIClient(HTTP_HOST="alpha.localhost", HTTP_AUTHORIZATION=f"Bearer {secret}")

    def test_missing_things_are_listed_with_their_weight_and_live_is_refused_with_blockers(
        self, real
    ) -> None:
        caller = self.caller(May.READ, May.RULES)
        told = caller.get("/api/v1/readiness").json()
        assert (told["live"], told["ready"]) == (False, False)
        assert {one["code"]: one["severity"] for one in told["missing"]}["stock"] == "blocker"
        assert {one["code"]: one["severity"] for one in told["missing"]}["consent"] == "warning"
        refused = caller.post("/api/v1/readiness/go-live", {}, format="json")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
        assert {"stock", "gstin"} <= {one["code"] for one in refused.json()["errors"]}

    def test_live_and_back(self, world) -> None:
        caller = self.caller(May.READ, May.RULES)
        told = caller.post("/api/v1/readiness/go-live", {"reason": "checked"}, format="json").json()
        assert told["live"]
        assert set(told["modes"].values()) == {"propose"}
        assert not caller.post("/api/v1/readiness/observe", {}, format="json").json()["live"]

    def test_a_key_without_the_scope_may_look_and_not_switch(self, world) -> None:
        caller = self.caller(May.READ)
        assert caller.get("/api/v1/readiness").status_code == 200
        assert caller.post("/api/v1/readiness/go-live", {}, format="json").status_code == 403
