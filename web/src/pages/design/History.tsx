// The releases there were; an earlier one can become the active one again.
import { Alert, Button, Table } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type ReleaseRow, useReactivate, useReleaseHistory } from '../../api/design';
import { useMay } from '../../api/session';
import { Listing } from '../../widgets/Listing';
import { ReasonDialog } from '../../widgets/ReasonDialog';
import { Moment } from '../../widgets/time';

export function History({ active, twoPersons }: { active: string | null; twoPersons: boolean }) {
  const { t } = useTranslation();
  const mayPublish = useMay('releases.publish');
  const history = useReleaseHistory();
  const back = useReactivate();
  const [chosen, choose] = useState<ReleaseRow>();
  const [done, setDone] = useState('');
  return (
    <>
      {done && <Alert type="success" showIcon title={t(done === 'proposed' ? 'design.proposed' : 'design.reverted')} closable data-ready="reverted" />}
      {chosen && (
        <ReasonDialog
          title={t('design.revertTitle', { id: chosen.id.slice(0, 12) })}
          action={t(twoPersons ? 'design.propose' : 'design.revert')}
          danger
          busy={back.isPending}
          error={back.error}
          close={() => choose(undefined)}
          onReason={(note) =>
            back.mutate(
              { id: chosen.id, active, note },
              {
                onSuccess: ({ status }) => {
                  setDone(status);
                  choose(undefined);
                },
              },
            )
          }
        >
          <p>{t('design.revertAbout')}</p>
        </ReasonDialog>
      )}
      <Listing query={history} isEmpty={(rows) => rows.length === 0} empty={t('design.none')}>
        {(rows) => (
          <Table<ReleaseRow>
            size="small"
            rowKey="id"
            pagination={false}
            dataSource={rows}
            data-ready="release-history"
            columns={[
              { title: t('design.release'), width: 150, render: (_, row) => <code>{row.id.slice(0, 12)}</code> },
              { title: t('design.since'), width: 170, render: (_, row) => <Moment at={row.created_at} /> },
              { title: t('design.by'), width: 200, dataIndex: 'created_by' },
              { title: t('design.note'), dataIndex: 'note' },
              {
                title: '',
                width: 160,
                render: (_, row) =>
                  row.active ? (
                    <span className="design-tag released">{t('design.running')}</span>
                  ) : (
                    mayPublish && (
                      <Button size="small" onClick={() => choose(row)} data-revert={row.id}>
                        {t('design.revert')}
                      </Button>
                    )
                  ),
              },
            ]}
          />
        )}
      </Listing>
    </>
  );
}
