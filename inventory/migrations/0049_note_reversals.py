"""Input tax credit that a company's GST credit note takes back, kept by the day on which it was booked."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import django.db.models.deletion
from django.db import migrations, models

from vyapar.law.itc import RETURN_ROUTES, RETURN_TO_COMPANY, itc_effect

_IST = ZoneInfo("Asia/Kolkata")


def keep_standing(apps, schema_editor):
    """What stands of answers that were recorded before: on the day of the answer, or of the goods if later."""
    claims = apps.get_model("inventory", "Claim").objects.filter(state="credited", credited_paise__gt=0)
    kept = apps.get_model("inventory", "NoteReversal")
    for claim in claims.select_related("batch", "location__territory__registration").order_by("pk"):
        sent = list(claim.sendings.exclude(state="called_back").order_by("pk"))
        due = claim.pieces - claim.void
        if not sent or not due or sent[-1].route != RETURN_ROUTES[1]:
            continue
        first = sent[0].sent_at.astimezone(_IST).date()
        tax = itc_effect(
            RETURN_TO_COMPANY, first, quantity=due, itc_per_unit_paise=claim.batch.itc_paise,
            return_route=RETURN_ROUTES[1], credited=(claim.credited_paise, due * claim.batch.cost_paise),
        ).reverse_paise
        if tax <= 0:
            continue
        own, other = claim.location.territory.registration.gstin, sent[-1].company["gstin"]
        heads = {"igst_paise": tax} if own[:2] != other[:2] else {
            "cgst_paise": tax - tax // 2, "sgst_paise": tax // 2,
        }
        day = max(claim.answered_on or first, first)
        kept.objects.create(
            claim=claim, booked_at=datetime.combine(day, time(12), tzinfo=_IST), booked_by=claim.answered_by,
            note=claim.credit_note, noted_on=claim.answered_on, gstin=own, company_gstin=other,
            company=sent[-1].company["legal_name"], credited_paise=claim.credited_paise, **heads,
        )


class Migration(migrations.Migration):
    dependencies = [("inventory", "0048_demand_outliers")]

    operations = [
        migrations.CreateModel(
            name="NoteReversal",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("booked_at", models.DateTimeField()),
                ("booked_by", models.CharField(max_length=160)),
                ("note", models.CharField(blank=True, max_length=60)),
                ("noted_on", models.DateField(null=True)),
                ("gstin", models.CharField(max_length=15)),
                ("company", models.CharField(max_length=200)),
                ("company_gstin", models.CharField(max_length=15)),
                ("credited_paise", models.BigIntegerField()),
                ("igst_paise", models.BigIntegerField(default=0)),
                ("cgst_paise", models.BigIntegerField(default=0)),
                ("sgst_paise", models.BigIntegerField(default=0)),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="note_reversals",
                        to="inventory.claim",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["booked_at"], name="note_reversal_by_day")],
            },
        ),
        migrations.RunPython(keep_standing, migrations.RunPython.noop, elidable=True),
    ]
