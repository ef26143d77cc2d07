import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0047_asked_replays'),
    ]

    operations = [
        migrations.CreateModel(
            name='DemandOutlier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('as_of', models.DateField()),
                ('from_date', models.DateField()),
                ('to_date', models.DateField()),
                ('sold_pieces', models.BigIntegerField()),
                ('usual_pieces', models.FloatField()),
                ('adds_pieces', models.FloatField()),
                ('explained', models.JSONField(default=dict)),
                ('sku', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.sku')),
                ('territory', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.territory')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('sku', 'territory', 'from_date'), name='outlier_week')],
            },
        ),
    ]
