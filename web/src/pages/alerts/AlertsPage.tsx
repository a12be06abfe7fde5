// What stands still, is late, fails or is missing; what is done about it; the rules; and what is expected to follow.
import { Table, Tabs, Tag } from 'antd';
import { useTranslation } from 'react-i18next';

import { type Expectation, useExpectations } from '../../api/alerts';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { Alerts } from './Alerts';
import { Rules } from './Rules';
import { lasting } from './words';

export function AlertsPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('menu.alerts')} about={t('alerts.about')} />
      <Tabs
        destroyOnHidden
        items={[
          { key: 'alerts', label: t('alerts.alerts'), children: <Alerts /> },
          { key: 'rules', label: t('alerts.rules'), children: <Rules /> },
          { key: 'expectations', label: t('alerts.expectations'), children: <Expectations /> },
        ]}
      />
    </>
  );
}

function Expectations() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const expectations = useExpectations();
  return (
    <Listing query={expectations} isEmpty={(rows) => rows.length === 0} empty={t('alerts.noExpectations')}>
      {(rows) => (
        <Table<Expectation>
          rowKey="name"
          size="small"
          pagination={false}
          dataSource={rows}
          data-ready="expectations"
          columns={[
            { title: t('alerts.what'), render: (_, each) => each.title[language] },
            { title: t('alerts.after'), render: (_, each) => <code>{each.after}</code> },
            { title: t('alerts.expect'), render: (_, each) => <code>{each.expect}</code> },
            {
              title: t('alerts.limit'),
              align: 'right',
              render: (_, each) => (each.within_s > 1 ? lasting(each.within_s, t) : ''),
            },
            { title: t('alerts.owner'), render: (_, each) => each.owner[language] },
            { title: t('alerts.pending'), align: 'right', dataIndex: 'pending' },
            {
              title: t('alerts.late'),
              align: 'right',
              render: (_, each) => (each.late ? <Tag color="red">{each.late}</Tag> : 0),
            },
          ]}
        />
      )}
    </Listing>
  );
}

export const Component = AlertsPage;
