// One connected system: how its interface stands, what it offers, its records, a call by hand.
import { Button, Space, Tabs, Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import { useParams, useSearchParams } from 'react-router';

import { useMay } from '../../api/session';
import { useDescribe, useDescription } from '../../api/systemData';
import { useLanguage } from '../../i18n';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { CallForm } from './CallForm';
import { Connection } from './Connection';
import { Interface } from './Interface';
import { Records } from './Records';

export function SystemPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { name = '' } = useParams();
  const [asked, ask] = useSearchParams();
  const mayConnect = useMay('secrets.manage');
  const declared = useDescription(name);
  const live = useDescribe(name);
  const shown = live.data ?? declared.data;
  return (
    <>
      <PageHead title={shown?.title[language] ?? name} about={t('system.about')}>
        <Space>
          {shown && <Tag>{shown.connector}</Tag>}
          <Button loading={live.isPending} onClick={() => live.mutate()} data-action="describe">
            {t('system.describe')}
          </Button>
        </Space>
      </PageHead>
      {(declared.error ?? live.error) && <Trouble error={(declared.error ?? live.error)!} />}
      <Tabs
        activeKey={asked.get('tab') ?? 'interface'}
        onChange={(tab) => ask({ tab }, { replace: true })}
        items={[
          { key: 'interface', label: t('system.interface'), children: <Interface name={name} /> },
          {
            key: 'records',
            label: t('system.records'),
            children: shown && <Records name={name} resources={shown.resources} live={shown.live} />,
          },
          {
            key: 'operations',
            label: t('system.operations'),
            children: shown && <CallForm name={name} operations={shown.operations} />,
          },
          ...(mayConnect
            ? [{ key: 'connection', label: t('system.connection'), children: <Connection key={name} name={name} /> }]
            : []),
        ]}
      />
    </>
  );
}

export const Component = SystemPage;
