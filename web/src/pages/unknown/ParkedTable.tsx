// What waits for a code, one line for each code that is missing; opened, it shows what may be meant.
import { Button, Space, Table } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Awaited, type Likely, useAwaitedDetail, useBind, useReject } from '../../api/bindings';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { useNames } from '../../widgets/names';
import { ReasonDialog } from '../../widgets/ReasonDialog';
import { Ago } from '../../widgets/time';
import { CreateDialog } from './CreateDialog';

type Asked = { what: 'reject' | 'create' } | { what: 'bind'; candidate: Likely };

export function ParkedTable({ rows }: { rows: Awaited[] }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  return (
    <Table<Awaited>
      rowKey="reference"
      size="small"
      pagination={false}
      dataSource={rows}
      data-ready="parked"
      expandable={{ expandRowByClick: true, expandedRowRender: (each) => <Missing awaited={each} /> }}
      columns={[
        { title: t('unknown.missing'), render: (_, each) => <strong>{each.text[language]}</strong> },
        { title: t('unknown.since'), width: 140, align: 'right', render: (_, each) => <Ago at={each.oldest_at} /> },
      ]}
    />
  );
}

function Missing({ awaited }: { awaited: Awaited }) {
  const { t } = useTranslation();
  const names = useNames();
  const detail = useAwaitedDetail(awaited.reference);
  const bind = useBind();
  const reject = useReject();
  const [asked, setAsked] = useState<Asked>();
  const writes = useMay('bindings.write');
  const own = { object_type: awaited.object_type, system: awaited.system, local_id: awaited.id };
  const close = () => setAsked(undefined);
  return (
    <Listing query={detail} isEmpty={() => false} empty="">
      {(data) => (
        <Space orientation="vertical" style={{ width: '100%' }} data-ready="missing">
          <Space size={[12, 2]} wrap>
            {data.items.map((each) => (
              <Link key={each.id} to={`/trace/${encodeURIComponent(each.number)}`}>
                {each.number}
              </Link>
            ))}
            {awaited.count > data.items.length && '…'}
          </Space>
          <strong>{t('unknown.candidates')}</strong>
          {data.candidates.length === 0 && <span>{t('unknown.noCandidates')}</span>}
          {data.candidates.map((each) => (
            <Space key={each.object_id} wrap>
              <span>{each.label || each.object_id}</span>
              {Object.entries(each.ids).map(([system, id]) => (
                <span key={system}>
                  {names.system(system)} {id}
                </span>
              ))}
              {writes && (
                <Button
                  size="small"
                  onClick={() => setAsked({ what: 'bind', candidate: each })}
                  data-action="bind-candidate"
                >
                  {t('unknown.bind')}
                </Button>
              )}
            </Space>
          ))}
          {writes && (
            <Space>
              <Button size="small" onClick={() => setAsked({ what: 'create' })} data-action="create-binding">
                {t('unknown.create')}
              </Button>
              <Button size="small" danger onClick={() => setAsked({ what: 'reject' })} data-action="reject-waiting">
                {t('unknown.reject')}
              </Button>
            </Space>
          )}
          {asked?.what === 'reject' && (
            <ReasonDialog
              danger
              title={t('unknown.rejectTitle', { count: awaited.count })}
              action={t('unknown.reject')}
              busy={reject.isPending}
              error={reject.error}
              close={close}
              onReason={(reason) => reject.mutate({ reference: awaited.reference, reason }, { onSuccess: close })}
            >
              {t('unknown.rejectAbout')}
            </ReasonDialog>
          )}
          {asked?.what === 'bind' && (
            <ReasonDialog
              title={t('unknown.bindTitle', {
                id: awaited.id,
                name: asked.candidate.label || asked.candidate.object_id,
              })}
              action={t('unknown.bind')}
              busy={bind.isPending}
              error={bind.error}
              close={close}
              onReason={(why) =>
                bind.mutate({ ...own, object_id: asked.candidate.object_id, why }, { onSuccess: close })
              }
            />
          )}
          {asked?.what === 'create' && <CreateDialog own={own} close={close} />}
        </Space>
      )}
    </Listing>
  );
}
