"""Two more kinds of documents for the books: goods that go back to their company, and what it credits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0038_standing_sums")]

    operations = [
        migrations.AlterField(
            model_name="export",
            name="kind",
            field=models.CharField(
                choices=[
                    ("transfer", "transfer"),
                    ("price_list", "price_list"),
                    ("credit_note", "credit_note"),
                    ("reversal", "reversal"),
                    ("return", "return"),
                    ("debit_note", "debit_note"),
                ],
                max_length=12,
            ),
        ),
    ]
