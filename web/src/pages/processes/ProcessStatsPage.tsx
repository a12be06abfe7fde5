// One process: its diagram as a heat map of how long its elements take, the same as a table.
import { Button, Skeleton, Table } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';

import { useProcessXml } from '../../api/instances';
import { type ElementStats, useProcessStats } from '../../api/processes';
import { Diagram } from '../../diagram/Diagram';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { duration } from '../../widgets/figures';
import './processes.css';

const STEPS = 4;

/** Which of four heats an element has, by its median time on a scale of powers; 0 where it takes none. */
function heatOf(element: ElementStats, longest: number): number {
  if (!element.p50_s || longest <= 0) return 0;
  return Math.max(1, Math.ceil((Math.log1p(element.p50_s) / Math.log1p(longest)) * STEPS));
}

export function ProcessStatsPage() {
  const { id = '' } = useParams();
  const { t } = useTranslation();
  const { language } = useLanguage();
  const stats = useProcessStats(id);
  const xml = useProcessXml(stats.data ? id : undefined, stats.data?.release);
  const [selected, select] = useState<string>();
  const nodes = useMemo(() => {
    const elements = stats.data?.elements ?? [];
    const longest = Math.max(0, ...elements.map((each) => each.p50_s ?? 0));
    return elements.map((each) => ({
      element: each.element,
      state: `heat-${heatOf(each, longest)}`,
      duration_s: each.p50_s ?? 0,
      here: each.here,
      times: each.times,
    }));
  }, [stats.data]);
  const none = useMemo<string[]>(() => [], []);
  const time = (value: number | null) => (value === null ? '—' : duration(value, language));
  const runs = `/instances?process=${encodeURIComponent(id)}`;
  return (
    <>
      <PageHead title={stats.data?.title[language] ?? t('processes.stats')} about={stats.data && t('processes.statsAbout', { count: stats.data.runs })}>
        <Link to={`/processes/${encodeURIComponent(id)}/review`}>
          <Button tabIndex={-1}>{t('reviews.review')}</Button>
        </Link>
        <Link to={runs}>
          <Button tabIndex={-1}>{t('processes.toInstances')}</Button>
        </Link>
      </PageHead>
      <div data-ready={stats.data ? 'process-stats' : undefined}>
        <section className="panel" aria-label={t('instances.diagram')}>
          {xml.data && stats.data && (
            <Diagram xml={xml.data} title={stats.data.title[language]} nodes={nodes} flows={none} selected={selected} onSelect={select} />
          )}
          {xml.isPending && stats.isPending && <Skeleton active className="padded" />}
          {xml.error && !xml.data && <Trouble error={xml.error} retry={() => void xml.refetch()} />}
          <p className="heat-legend">
            {t('processes.heat')}: {t('processes.cold')}
            {[1, 2, 3, 4].map((step) => (
              <i key={step} className={`heat heat-${step}`} />
            ))}
            {t('processes.hot')}
          </p>
        </section>
        <section className="panel">
          <Listing query={stats} isEmpty={(found) => found.elements.length === 0} empty={t('processes.none')}>
            {(found) => (
              <Table<ElementStats>
                rowKey="element"
                size="small"
                pagination={false}
                scroll={{ x: 640 }}
                dataSource={found.elements}
                rowClassName={(each) => (each.element === selected ? 'is-selected' : '')}
                onRow={(each) => ({ onClick: () => select(each.element) })}
                columns={[
                  { title: t('processes.element'), render: (_, each) => each.title[language] },
                  { title: t('processes.times'), align: 'right', dataIndex: 'times', sorter: (a, b) => a.times - b.times },
                  {
                    title: t('processes.here'),
                    align: 'right',
                    sorter: (a, b) => a.here - b.here,
                    render: (_, each) =>
                      each.here ? <Link to={`${runs}&state=active&element=${encodeURIComponent(each.element)}`}>{each.here}</Link> : 0,
                  },
                  { title: t('processes.p50'), align: 'right', sorter: (a, b) => (a.p50_s ?? 0) - (b.p50_s ?? 0), render: (_, each) => time(each.p50_s) },
                  { title: t('processes.p95'), align: 'right', sorter: (a, b) => (a.p95_s ?? 0) - (b.p95_s ?? 0), render: (_, each) => time(each.p95_s) },
                ]}
                summary={() => (
                  <Table.Summary.Row>
                    <Table.Summary.Cell index={0}>{t('processes.whole')}</Table.Summary.Cell>
                    <Table.Summary.Cell index={1} align="right">
                      {found.runs}
                    </Table.Summary.Cell>
                    <Table.Summary.Cell index={2} />
                    <Table.Summary.Cell index={3} align="right">
                      {time(found.p50_s)}
                    </Table.Summary.Cell>
                    <Table.Summary.Cell index={4} align="right">
                      {time(found.p95_s)}
                    </Table.Summary.Cell>
                  </Table.Summary.Row>
                )}
              />
            )}
          </Listing>
        </section>
      </div>
    </>
  );
}

export const Component = ProcessStatsPage;
