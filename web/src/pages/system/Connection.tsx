// How a system is reached: its settings, whether its secrets are there, and the test of all that, step by step.
import { Alert, App, Button, Form, Input, Skeleton, Space } from 'antd';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Setting, type SettingValue, useKeepSettings, useSystemSettings } from '../../api/systemSettings';
import { useCheck } from '../../api/systems';
import { useLanguage } from '../../i18n';
import { CheckSteps } from '../../widgets/CheckSteps';
import { StateTag } from '../../widgets/StateTag';
import { Trouble } from '../../widgets/Trouble';

export function Connection({ name }: { name: string }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { message } = App.useApp();
  const found = useSystemSettings(name, true);
  const keep = useKeepSettings(name);
  const check = useCheck();
  if (found.isPending) return <Skeleton active className="padded" paragraph={{ rows: 4 }} />;
  if (!found.data) return <Trouble error={found.error} retry={() => void found.refetch()} />;
  const { settings, secrets, problem } = found.data;
  const save = (written: Record<string, string | undefined>) =>
    keep.mutate(valuesOf(settings, written), { onSuccess: () => void message.success(t('system.settingsKept')) });
  return (
    <section className="panel padded connection" data-ready="connection">
      <p className="soft">{t('system.connectionAbout')}</p>
      {problem && <Alert type="warning" showIcon title={problem[language]} data-problem="yes" />}
      {keep.error && <Trouble error={keep.error} />}
      <Form layout="vertical" onFinish={save} key={JSON.stringify(settings)}>
        {settings.map((each) => (
          <Form.Item
            key={each.name}
            name={each.name}
            label={each.title[language]}
            required={each.required}
            extra={each.origin === 'configuration' ? t('system.fromFile') : undefined}
            initialValue={each.value === null ? '' : String(each.value)}
          >
            <Input disabled={each.origin === 'configuration'} maxLength={4_000} className="mono" />
          </Form.Item>
        ))}
        {secrets.length > 0 && (
          <p data-secrets={secrets.every(({ given }) => given) ? 'given' : 'missing'}>
            {t('system.secrets')}{' '}
            {secrets.map((each) => (
              <StateTag key={each.name} state={each.given ? 'done' : 'failed'}>
                {each.name} · {t(each.given ? 'system.given' : 'system.notGiven')}
              </StateTag>
            ))}{' '}
            <Link to="/secrets" className="in-text">
              {t('system.setSecrets')}
            </Link>
          </p>
        )}
        <Space>
          <Button type="primary" htmlType="submit" loading={keep.isPending} data-action="keep-settings">
            {t('system.keepSettings')}
          </Button>
          <Button loading={check.isPending} onClick={() => check.mutate(name)} data-action="check">
            {t('system.check')}
          </Button>
        </Space>
      </Form>
      {check.error && <Trouble error={check.error} />}
      {check.data && <CheckSteps steps={check.data} />}
    </section>
  );
}

/** What is to be kept: as the hub declares it, without what the configuration file says anyway. */
function valuesOf(settings: Setting[], written: Record<string, string | undefined>): Record<string, SettingValue> {
  const values: Record<string, SettingValue> = {};
  for (const each of settings) {
    const value = (written[each.name] ?? '').trim();
    if (each.origin === 'configuration' || value === '') continue;
    if (each.type === 'number' && Number.isFinite(Number(value))) values[each.name] = Number(value);
    else if (each.type === 'boolean') values[each.name] = value === 'true';
    else values[each.name] = value;
  }
  return values;
}
