// All data flows: what runs, what waits, since when.
import { Table } from 'antd';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Flow, useFlows } from '../../api/flows';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { StateTag } from '../../widgets/StateTag';
import { useNames } from '../../widgets/names';
import { Ago, count } from '../../widgets/time';
import { backlogOf, routeOf, stateOfFlow } from './standing';

export function FlowsPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const names = useNames();
  const list = useFlows();
  return (
    <>
      <PageHead title={t('menu.flows')} about={t('flows.about')} />
      <section className="panel" data-ready={list.data ? 'flows' : undefined}>
        <Listing query={list} isEmpty={(rows) => rows.length === 0} empty={t('flows.empty')}>
          {(rows) => (
            <Table<Flow>
              rowKey="name"
              size="small"
              pagination={false}
              dataSource={rows}
              scroll={{ x: 760 }}
              columns={[
                { title: t('flows.flow'), render: (_, each) => <Link to={`/flows/${encodeURIComponent(each.name)}`}>{each.title[language]}</Link> },
                { title: t('flows.route'), render: (_, each) => routeOf(each, names.system) },
                {
                  title: t('flows.state'),
                  render: (_, each) => <StateTag state={stateOfFlow(each)}>{t(`flows.states.${each.status as 'running'}`)}</StateTag>,
                },
                { title: t('flows.written'), align: 'right', render: (_, each) => count(each.counts.written ?? 0, language) },
                { title: t('flows.backlog'), align: 'right', render: (_, each) => count(backlogOf(each).count, language) },
                {
                  title: t('flows.oldest'),
                  render: (_, each) => {
                    const { oldest } = backlogOf(each);
                    return oldest ? <Ago at={oldest} /> : <span className="soft">—</span>;
                  },
                },
                { title: t('flows.failed'), align: 'right', render: (_, each) => count(each.counts.failed ?? 0, language) },
                { title: t('flows.seen'), render: (_, each) => (each.seen_at ? <Ago at={each.seen_at} /> : <span className="soft">—</span>) },
              ]}
            />
          )}
        </Listing>
      </section>
    </>
  );
}

export const Component = FlowsPage;
