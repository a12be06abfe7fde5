// Runs of processes, newest first; filters stand in the address.
import { Button, Checkbox, Input, Select, Table } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';

import { type Instance, useInstances, useProcesses } from '../../api/instances';
import { useLanguage } from '../../i18n';
import { ExportButton } from '../../widgets/ExportButton';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { StateTag } from '../../widgets/StateTag';
import { duration } from '../../widgets/figures';
import { Moment } from '../../widgets/time';
import './instances.css';
import { stateOfRun, STATUSES } from './states';

export function InstancesPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const [params, setParams] = useSearchParams();
  const filter = {
    process: params.get('process') ?? undefined,
    status: params.get('state') ?? undefined,
    number: params.get('number') ?? undefined,
    stuck: params.get('stuck') === '1',
    element: params.get('element') ?? undefined,
  };
  const put = (name: string, value: string | undefined) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const [number, setNumber] = useState(filter.number ?? '');
  useEffect(() => {
    if (number.trim() === (filter.number ?? '')) return;
    const timer = setTimeout(() => put('number', number.trim()), 300);
    return () => clearTimeout(timer);
  });
  const processes = useProcesses();
  const list = useInstances(filter);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const filtered = [...params.keys()].length > 0;
  return (
    <>
      <PageHead title={t('instances.title')} about={t('instances.about')}>
        <ExportButton
          list="instances"
          filter={{
            process_id: filter.process,
            status: filter.status,
            number: filter.number,
            ...(filter.stuck ? { with_incidents: 'true' } : {}),
          }}
        />
      </PageHead>
      <div className="filters">
        <Input
          type="search"
          allowClear
          className="filter-number"
          aria-label={t('instances.numberFilter')}
          placeholder={t('instances.numberFilter')}
          value={number}
          onChange={(event) => setNumber(event.target.value)}
        />
        <Select
          allowClear
          className="filter"
          aria-label={t('instances.process')}
          placeholder={t('instances.process')}
          value={filter.process ?? null}
          options={(processes.data?.items ?? []).map((each) => ({ value: each.id, label: each.title[language] }))}
          onChange={(value: string | null) => put('process', value ?? undefined)}
        />
        <Select
          allowClear
          className="filter"
          aria-label={t('instances.state')}
          placeholder={t('instances.state')}
          value={filter.status ?? null}
          options={STATUSES.map((each) => ({ value: each, label: t(`instances.status.${each}`) }))}
          onChange={(value: string | null) => put('state', value ?? undefined)}
        />
        <Checkbox checked={filter.stuck} onChange={(event) => put('stuck', event.target.checked ? '1' : undefined)}>
          {t('instances.stuckOnly')}
        </Checkbox>
      </div>
      <section className="panel" aria-label={t('instances.title')}>
        <Listing
          query={{ ...list, data: rows, refetch: list.refetch as never }}
          isEmpty={(items) => items.length === 0}
          empty={t('instances.empty')}
          filter={
            filtered
              ? {
                  empty: t('instances.filteredEmpty'),
                  clear: () => {
                    setNumber('');
                    setParams({}, { replace: true });
                  },
                }
              : undefined
          }
        >
          {(items) => <Rows items={items} />}
        </Listing>
        {list.hasNextPage && (
          <div className="more">
            <Button onClick={() => void list.fetchNextPage()} loading={list.isFetchingNextPage}>
              {t('common.more')}
            </Button>
          </div>
        )}
      </section>
    </>
  );
}

function Rows({ items }: { items: Instance[] }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  return (
    <Table<Instance>
      size="small"
      rowKey="id"
      pagination={false}
      dataSource={items}
      scroll={{ x: 'max-content' }}
      data-ready="instances"
      columns={[
        {
          title: t('instances.number'),
          render: (_, row) => (
            <Link to={`/instances/${row.id}`} className="mono strong">
              {row.business_key ?? row.title[language]}
            </Link>
          ),
        },
        { title: t('instances.process'), render: (_, row) => row.title[language] },
        {
          title: t('instances.state'),
          render: (_, row) => (
            <span className="tags">
              <StateTag state={stateOfRun(row.status)}>{t(`instances.status.${row.status as 'active'}`)}</StateTag>
              {row.incidents > 0 && <StateTag state="failed">{t('instances.stuck', { count: row.incidents })}</StateTag>}
            </span>
          ),
        },
        { title: t('instances.started'), render: (_, row) => <Moment at={row.started_at} /> },
        {
          title: t('instances.took'),
          align: 'right',
          render: (_, row) => {
            const end = row.ended_at ? new Date(row.ended_at) : new Date();
            return <span className="number">{duration((end.getTime() - new Date(row.started_at).getTime()) / 1000, language)}</span>;
          },
        },
      ]}
    />
  );
}
