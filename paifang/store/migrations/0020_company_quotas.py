import django.db.models.deletion
import paifang.store.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0019_altered_and_shared'),
    ]

    operations = [
        migrations.CreateModel(
            name='CompanyQuota',
            fields=[
                ('id', models.UUIDField(default=paifang.store.ids.new_uuid, editable=False, primary_key=True, serialize=False)),
                ('company', models.CharField(max_length=500)),
                ('folded', models.CharField(max_length=500)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='company_quotas', to='store.product')),
            ],
            options={
                'ordering': ('folded', 'id'),
                'constraints': [models.UniqueConstraint(fields=('product', 'folded'), name='company_quota_once')],
            },
        ),
    ]
