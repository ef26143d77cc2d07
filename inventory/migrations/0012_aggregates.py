"""Maintained aggregates for the first screen and the pivot; risks of positions in a lean table.

Risks are thought anew at the next cycle, so their table starts empty and every item is scored again.
"""

import django.db.models.deletion
from django.db import migrations, models

import inventory.models.analysis

_LEAN = """
CREATE TABLE inventory_batchrisk_fresh (LIKE inventory_batchrisk INCLUDING DEFAULTS);
ALTER TABLE inventory_batchrisk_fresh DROP COLUMN id, DROP COLUMN ways_out,
    ADD COLUMN ways_out bytea NOT NULL;
DROP TABLE inventory_batchrisk;
ALTER TABLE inventory_batchrisk_fresh RENAME TO inventory_batchrisk;
ALTER TABLE inventory_batchrisk ADD CONSTRAINT inventory_batchrisk_pkey PRIMARY KEY (position_id);
CREATE INDEX batch_risk_worst ON inventory_batchrisk (at_risk_paise DESC) WHERE at_risk_quantity > 0;
UPDATE inventory_stockitem SET basis = '';
"""

_SUMS = (
    "items", "pieces", "value_paise", "at_risk_pieces", "at_risk_paise", "loss_paise", "due_30_pieces",
    "due_30_paise", "due_60_pieces", "due_60_paise", "due_90_pieces", "due_90_paise", "expired_positions",
)  # fmt: skip


def _place(name: str) -> tuple[str, models.ForeignKey]:
    return name, models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=f"inventory.{name}",
    )


class Migration(migrations.Migration):
    dependencies = [("inventory", "0011_rollup")]

    operations = [
        *(
            migrations.AddField("stockitem", f"due_{days}_{name}", models.BigIntegerField(default=0))
            for days in (30, 60, 90)
            for name in ("quantity", "paise")
        ),
        migrations.AddField("stockitem", "expired_positions", models.IntegerField(default=0)),
        migrations.CreateModel(
            name="StockCell",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                _place("territory"),
                _place("category"),
                _place("brand"),
                ("age", models.SmallIntegerField()),
                ("status", models.CharField(max_length=12)),
                ("cause", models.CharField(blank=True, max_length=16)),
                ("due", models.SmallIntegerField()),
                ("at_risk", models.BooleanField()),
                *((name, models.BigIntegerField()) for name in _SUMS),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "territory",
                            "category",
                            "brand",
                            "age",
                            "status",
                            "cause",
                            "due",
                            "at_risk",
                        ),
                        name="stock_cell_once",
                    )
                ],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(_LEAN, migrations.RunSQL.noop)],
            state_operations=[
                migrations.RemoveIndex("batchrisk", "batch_risk_worst"),
                migrations.RemoveField("batchrisk", "id"),
                migrations.AlterField(
                    "batchrisk",
                    "position",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="risk",
                        serialize=False,
                        to="inventory.position",
                    ),
                ),
                migrations.AlterField(
                    "batchrisk", "ways_out", inventory.models.analysis.WaysOutField(default=list)
                ),
                migrations.AddIndex(
                    "batchrisk",
                    models.Index(
                        fields=["-at_risk_paise"],
                        name="batch_risk_worst",
                        condition=models.Q(("at_risk_quantity__gt", 0)),
                    ),
                ),
            ],
        ),
    ]
