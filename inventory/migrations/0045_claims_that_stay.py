"""What has become of a claim's pieces that never left for the company."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0044_short_receipts")]

    operations = [
        migrations.AddField(
            model_name="claim",
            name="stay",
            field=models.CharField(
                blank=True,
                choices=[("kept", "kept"), ("destroyed", "destroyed"), ("released", "released")],
                db_default="",
                default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="claim", name="stayed", field=models.BigIntegerField(db_default=0, default=0)
        ),
        migrations.AddField(model_name="claim", name="stayed_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="claim",
            name="stayed_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=160),
        ),
        migrations.AddField(
            model_name="claim",
            name="stay_reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
condition=models.Q(models.Q(('stay', ''), ('stayed', 0)), models.Q(models.Q(('stay', ''), _negated=True), ('stayed__gt', 0), ('stayed__lte', models.F('pieces')), ('stayed_at__isnull', False)), _connector='OR'),
                name="claim_stayed",
            ),
        ),
    ]
