"""What a company says it received of a claim's goods, and what has become of the rest."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0043_sendings_in_parts")]

    operations = [
        migrations.AddField(
            model_name="claim", name="void", field=models.BigIntegerField(default=0, db_default=0)
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(("void__gte", 0), ("void__lte", models.F("pieces"))), name="claim_void"
            ),
        ),
        migrations.AddField(
            model_name="claimsending", name="received", field=models.BigIntegerField(null=True)
        ),
        migrations.AddField(
            model_name="claimsending", name="damaged", field=models.BigIntegerField(default=0, db_default=0)
        ),
        migrations.AddField(
            model_name="claimsending",
            name="missing",
            field=models.CharField(
                blank=True,
                choices=[
                    ("transporter", "transporter"),
                    ("lost", "lost"),
                    ("home", "home"),
                    ("company", "company"),
                ],
                db_default="",
                default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="claimsending", name="missing_credited", field=models.JSONField(null=True)
        ),
        migrations.AlterField(
            model_name="claimsending",
            name="state",
            field=models.CharField(
                choices=[
                    ("sent", "sent"),
                    ("called_back", "called_back"),
                    ("received", "received"),
                    ("returned", "returned"),
                    ("destroyed", "destroyed"),
                ],
                default="sent",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="claimsending",
            constraint=models.CheckConstraint(
condition=models.Q(models.Q(('damaged', 0), ('missing', ''), ('received__isnull', True)), models.Q(('damaged', 0), ('missing', ''), ('received', models.F('pieces'))), models.Q(('damaged__gte', 0), ('received__gte', 0), ('received__lt', models.F('pieces')), ('damaged__lte', models.expressions.CombinedExpression(models.F('pieces'), '-', models.F('received'))), models.Q(('missing', ''), _negated=True)), _connector='OR'),
                name="sending_received",
            ),
        ),
    ]
