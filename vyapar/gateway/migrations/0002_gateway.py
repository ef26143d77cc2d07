"""Secrets apart from their keys, access tokens, calls; replies with headers."""

from datetime import timedelta

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Greatest, Now


def move_digests(apps, _editor):
    """Each key's digest becomes its one secret; a key without an end gets a year from now."""
    ApiKey, KeySecret = apps.get_model("gateway", "ApiKey"), apps.get_model("gateway", "KeySecret")
    KeySecret.objects.bulk_create(
        KeySecret(
            key=key, digest=key.digest, created_at=key.created_at, created_by=key.created_by,
            last_used_at=key.last_used_at,
        )
        for key in ApiKey.objects.all()
    )
    ApiKey.objects.filter(expires_at=None).update(
        expires_at=Greatest(models.F("created_at"), Now()) + timedelta(days=365)
    )


class Migration(migrations.Migration):

    dependencies = [
        ('gateway', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='KeySecret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='secrets', to='gateway.apikey')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=80)),
                ('ends_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='AccessToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('secret', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='gateway.keysecret')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('scopes', models.JSONField()),
                ('issued_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ApiCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('request_id', models.CharField(max_length=64)),
                ('method', models.CharField(max_length=8)),
                ('route', models.CharField(max_length=200)),
                ('query', models.CharField(blank=True, max_length=300)),
                ('status', models.PositiveSmallIntegerField()),
                ('code', models.CharField(blank=True, max_length=64)),
                ('duration_ms', models.PositiveIntegerField()),
                ('caller', models.CharField(blank=True, max_length=80)),
                ('caller_name', models.CharField(blank=True, max_length=160)),
                ('network', models.CharField(blank=True, max_length=48)),
                ('bytes_in', models.BigIntegerField(default=0)),
                ('bytes_out', models.BigIntegerField(default=0)),
                ('rows_in', models.PositiveIntegerField(default=0)),
                ('rows_out', models.PositiveIntegerField(default=0)),
                ('replayed', models.BooleanField(default=False)),
            ],
        ),
        migrations.AddField(
            model_name='apikey',
            name='created_by_name',
            field=models.CharField(blank=True, max_length=160),
        ),
        migrations.AddField(
            model_name='apikey',
            name='networks',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='apikey',
            name='revoked_by_name',
            field=models.CharField(blank=True, max_length=160),
        ),
        migrations.AddField(
            model_name='apikey',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='apikey',
            name='warned_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='storedreply',
            name='headers',
            field=models.JSONField(default=dict),
        ),
        migrations.RunPython(move_digests, migrations.RunPython.noop),
        # the new rows' references are checked now: a table with checks waiting cannot be altered
        migrations.RunSQL('SET CONSTRAINTS ALL IMMEDIATE', migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='apikey',
            name='digest',
        ),
        migrations.AlterField(
            model_name='apikey',
            name='expires_at',
            field=models.DateTimeField(default=None),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='apikey',
            index=models.Index(condition=models.Q(('revoked_at', None), ('warned_at', None)), fields=['expires_at'], name='key_unwarned'),
        ),
        migrations.AddIndex(
            model_name='apicall',
            index=models.Index(fields=['-at', '-id'], name='call_latest'),
        ),
        migrations.AddIndex(
            model_name='apicall',
            index=models.Index(fields=['caller', '-at'], name='call_by_caller'),
        ),
        migrations.AddIndex(
            model_name='apicall',
            index=models.Index(fields=['request_id'], name='call_by_request'),
        ),
        migrations.AddIndex(
            model_name='accesstoken',
            index=models.Index(fields=['expires_at'], name='token_by_age'),
        ),
    ]
