from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('routing', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('task', models.TextField()),
                ('task_sha256', models.CharField(max_length=64)),
                ('head', models.CharField(max_length=12)),
                ('predicted', models.CharField(max_length=12)),
                ('right', models.CharField(max_length=12)),
                ('engine', models.CharField(max_length=200)),
                ('by', models.CharField(max_length=200)),
                ('user_id', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('task_sha256', 'user_id', 'head'), name='one_correction_each'), models.CheckConstraint(condition=models.Q(('right', models.F('predicted')), _negated=True), name='correction_differs')],
            },
        ),
    ]
