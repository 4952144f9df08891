from importlib import import_module

from django.db import migrations, models

FILL = """
INSERT INTO store_gateminutetally (minute, gate, entries, exits, refusals)
SELECT minute, gate, entries, exits, refusals FROM (
  SELECT at_ms / 60000 AS minute, gate,
    SUM(CASE WHEN decision = 'admit' AND direction <> 'exit' THEN people ELSE 0 END) AS entries,
    SUM(CASE WHEN decision = 'admit' AND direction = 'exit' THEN people ELSE 0 END) AS exits,
    SUM(CASE WHEN decision = 'admit' THEN 0 ELSE 1 END) AS refusals
  FROM store_projectedadmission GROUP BY 1, 2
) AS counted WHERE entries > 0 OR exits > 0 OR refusals > 0
"""


class Migration(migrations.Migration):
    """What gates did minute by minute is kept as sums, counted once from the rows there are."""

    dependencies = [
        ('store', '0016_nodes'),
    ]

    operations = [
        import_module('paifang.store.migrations.0006_tallies').CreateKeyed(
            name='GateMinuteTally',
            fields=[
                ('pk', models.CompositePrimaryKey('minute', 'gate', blank=True, editable=False, primary_key=True, serialize=False)),
                ('minute', models.IntegerField()),
                ('gate', models.CharField(max_length=50)),
                ('entries', models.BigIntegerField()),
                ('exits', models.BigIntegerField()),
                ('refusals', models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveIndex(
            model_name='projectedadmission',
            name='admission_flow',
        ),
        migrations.AddIndex(
            model_name='projectedadmission',
            index=models.Index(fields=['gate', 'at_ms'], name='admission_gate_at'),
        ),
    ]
