// The licences of the hub and of everything it is made of.
import { Input, Table } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Part, useLicences } from '../../api/licences';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';

export function Component() {
  const { t } = useTranslation();
  const licences = useLicences();
  const [part, setPart] = useState('');
  const wanted = part.trim().toLowerCase();
  const fits = (each: Part) => `${each.name} ${each.licence}`.toLowerCase().includes(wanted);
  return (
    <>
      <PageHead title={t('licences.title')} about={t('licences.about', { version: licences.data?.version ?? '' })} />
      <section className="panel padded">
        <p>{t('licences.own', { licence: licences.data?.licence ?? 'Apache-2.0' })}</p>
        <p>{t('licences.bpmn')}</p>
        <Input.Search
          allowClear
          aria-label={t('licences.find')}
          placeholder={t('licences.find')}
          onChange={(event) => setPart(event.target.value)}
          style={{ maxWidth: 320, marginBottom: 12 }}
        />
        <Listing query={licences} isEmpty={({ items }) => items.length === 0} empty={t('licences.none')}>
          {({ items }) => (
            <Table<Part>
              size="small"
              rowKey={(each) => `${each.of} ${each.name} ${each.version}`}
              pagination={{ pageSize: 50, showSizeChanger: false, hideOnSinglePage: true }}
              dataSource={items.filter(fits)}
              data-ready="licences"
              columns={[
                { title: t('licences.part'), dataIndex: 'name' },
                { title: t('licences.version'), dataIndex: 'version', width: 140 },
                { title: t('licences.licence'), render: (_, each) => each.licence || t('licences.inFiles') },
                { title: t('licences.of'), width: 140, render: (_, each) => t(each.of === 'hub' ? 'licences.hub' : 'licences.console') },
              ]}
            />
          )}
        </Listing>
      </section>
    </>
  );
}
