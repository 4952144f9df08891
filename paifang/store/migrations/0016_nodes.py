from django.db import migrations, models

import paifang.store.ids


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0015_audit_sealed'),
    ]

    operations = [
        migrations.CreateModel(
            name='JoinCode',
            fields=[
                ('id', models.UUIDField(default=paifang.store.ids.new_uuid, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('code_hash', models.CharField(max_length=64, unique=True)),
                ('until_ms', models.BigIntegerField()),
                ('used_at_ms', models.BigIntegerField(default=0)),
                ('node', models.CharField(blank=True, max_length=36)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Peer',
            fields=[
                ('id', models.UUIDField(default=paifang.store.ids.new_uuid, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, unique=True)),
                ('node', models.CharField(max_length=36, unique=True)),
                ('public_key', models.CharField(max_length=64)),
                ('exchange_key', models.CharField(max_length=64)),
                ('joined_at', models.DateTimeField(auto_now_add=True)),
                ('revoked', models.BooleanField(default=False)),
                ('settled_ms', models.BigIntegerField(default=0)),
            ],
            options={
                'ordering': ('name',),
            },
        ),
    ]
