// All processes of the active release with how many runs go on, have ended, are stuck.
import { Table } from 'antd';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type ProcessLine, useProcessCounts } from '../../api/processes';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';

export function ProcessesPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const list = useProcessCounts();
  const most = list.data?.counted_max ?? 100;
  const figure = (value: number, to: string) =>
    value === 0 ? <span className="soft">0</span> : <Link to={to}>{value >= most ? `${most}+` : value}</Link>;
  const at = (id: string) => `/instances?process=${encodeURIComponent(id)}`;
  return (
    <>
      <PageHead title={t('menu.processes')} about={t('processes.about')} />
      <section className="panel" data-ready={list.data ? 'processes' : undefined}>
        <Listing query={list} isEmpty={(page) => page.items.length === 0} empty={t('processes.empty')}>
          {(page) => (
            <Table<ProcessLine>
              rowKey="id"
              size="small"
              pagination={false}
              dataSource={page.items}
              scroll={{ x: 560 }}
              columns={[
                {
                  title: t('processes.process'),
                  render: (_, each) => <Link to={`/processes/${encodeURIComponent(each.id)}/stats`}>{each.title[language]}</Link>,
                },
                { title: t('processes.version'), dataIndex: 'version' },
                { title: t('processes.running'), align: 'right', render: (_, each) => figure(each.running, `${at(each.id)}&state=active`) },
                { title: t('processes.ended'), align: 'right', render: (_, each) => figure(each.ended, `${at(each.id)}&state=completed`) },
                { title: t('processes.stuck'), align: 'right', render: (_, each) => figure(each.stuck, `${at(each.id)}&stuck=1`) },
              ]}
            />
          )}
        </Listing>
      </section>
    </>
  );
}

export const Component = ProcessesPage;
