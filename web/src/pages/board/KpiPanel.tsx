// One key figure: how it is made, against what it is held, and the documents behind it.
import { Alert, Button, Descriptions, Drawer, InputNumber, Space, Table } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Kpi, type KpiRow, useKpi, useResetKpi, useSetKpiTarget } from '../../api/kpis';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { StateTag } from '../../widgets/StateTag';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';
import { shownChange, shownTarget, shownValue, stateOf } from './kpiWords';

export function KpiPanel({ name, close }: { name: string; close: () => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const found = useKpi(name);
  return (
    <Drawer
      open
      size="large"
      // Of a screen that is full only what is in it can be seen.
      getContainer={() => (document.fullscreenElement as HTMLElement | null) ?? document.body}
      onClose={close} title={found.data?.kpi.title[language] ?? name}>
      <Listing query={found} isEmpty={() => false} empty="">
        {({ kpi, rows }) => (
          <div data-ready="kpi">
            <Facts kpi={kpi} />
            <h3>{t('board.kpis.behind', { count: kpi.listed })}</h3>
            {!kpi.complete && <Alert type="info" showIcon title={t('board.kpis.incomplete')} className="board-note" />}
            <Rows kpi={kpi} rows={rows} />
          </div>
        )}
      </Listing>
    </Drawer>
  );
}

function Facts({ kpi }: { kpi: Kpi }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const change = shownChange(kpi.change);
  const items = [
    {
      key: 'value',
      label: t('board.kpis.value'),
      children: (
        <Space>
          <strong className="number">{shownValue(kpi.value, kpi.unit, language)}</strong>
          {kpi.met !== null && (
            <StateTag state={stateOf(kpi)}>{t(kpi.met ? 'board.kpis.isMet' : 'board.kpis.isMissed')}</StateTag>
          )}
        </Space>
      ),
    },
    { key: 'about', label: t('board.kpis.about'), children: kpi.about[language] },
    { key: 'formula', label: t('board.kpis.formula'), children: <code>{kpi.formula}</code> },
    {
      key: 'period',
      label: t('board.kpis.period'),
      children: t('board.kpis.days', { days: kpi.days, counted: kpi.counted }),
    },
    {
      key: 'before',
      label: t('board.kpis.before'),
      children: <span className="number">{shownValue(kpi.before, kpi.unit, language)}</span>,
    },
    {
      key: 'baseline',
      label: t('board.kpis.baseline'),
      children: (
        <span className="number">
          {shownValue(kpi.baseline, kpi.unit, language)}
          {change && ` (${t('board.kpis.change', { change })})`}
        </span>
      ),
    },
    { key: 'owner', label: t('board.kpis.owner'), children: kpi.owner[language] },
    { key: 'target', label: t('board.kpis.aim'), children: <Target key={kpi.version} kpi={kpi} /> },
  ];
  return <Descriptions column={1} size="small" bordered items={items} />;
}

function Target({ kpi }: { kpi: Kpi }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const may = useMay('kpis.set');
  const [wanted, setWanted] = useState<number | null>(kpi.target === null ? null : Number(kpi.target));
  const set = useSetKpiTarget(kpi);
  const reset = useResetKpi(kpi);
  if (!may) return <span className="number">{shownTarget(kpi, language) ?? '–'}</span>;
  return (
    <>
      <Space wrap>
        <span>{kpi.better === 'lower' ? '≤' : '≥'}</span>
        <InputNumber
          aria-label={t('board.kpis.aim')}
          value={wanted}
          onChange={setWanted}
          suffix={kpi.unit || null}
          style={{ width: 140 }}
        />
        <Button
          type="primary"
          disabled={wanted === null || wanted === Number(kpi.target)}
          loading={set.isPending}
          onClick={() => wanted !== null && set.mutate(wanted)}
          data-action="set-target"
        >
          {t('board.kpis.save')}
        </Button>
        {kpi.version > 0 && kpi.shipped && (
          <Button loading={reset.isPending} onClick={() => reset.mutate(undefined)}>
            {t('board.kpis.reset')}
          </Button>
        )}
      </Space>
      {kpi.changed_at && (
        <div className="soft">
          {t('board.kpis.changed', { by: kpi.changed_by })} <Moment at={kpi.changed_at} />
        </div>
      )}
      {(set.error ?? reset.error) && <Trouble error={(set.error ?? reset.error) as Error} />}
    </>
  );
}

function Rows({ kpi, rows }: { kpi: Kpi; rows: KpiRow[] }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const valued = rows.some((each) => each.value !== null);
  return (
    <Table<KpiRow>
      rowKey={(each) => `${each.number} ${each.at} ${each.what}`}
      size="small"
      pagination={rows.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
      dataSource={rows}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: t('board.kpis.nothing') }}
      columns={[
        {
          title: t('board.kpis.number'),
          render: (_, each) =>
            each.number ? <Link to={`/trace/${encodeURIComponent(each.number)}`}>{each.number}</Link> : '–',
        },
        { title: t('board.kpis.what'), dataIndex: 'what' },
        ...(valued
          ? [
              {
                title: t('board.kpis.part'),
                align: 'right' as const,
                className: 'number',
                render: (_: unknown, each: KpiRow) => shownValue(each.value, kpi.unit, language),
              },
            ]
          : []),
        { title: t('board.kpis.at'), render: (_, each) => <Moment at={each.at} /> },
      ]}
    />
  );
}
