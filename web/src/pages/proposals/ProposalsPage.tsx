// What waits for a second person: money documents to be sent again, releases for production.
import { Button, Space, Table, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Proposal, useDecide, useProposals, useProposedRelease } from '../../api/people';
import { useMay } from '../../api/session';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { ReasonDialog } from '../../widgets/ReasonDialog';
import { Ago } from '../../widgets/time';
import { Changes } from '../releases/Changes';

export function ProposalsPage() {
  const { t } = useTranslation();
  const may = useMay('proposals.approve');
  const proposals = useProposals();
  const decide = useDecide();
  const [chosen, setChosen] = useState<{ proposal: Proposal; approve: boolean }>();
  return (
    <>
      <PageHead title={t('menu.proposals')} about={t('proposals.about')} />
      <Listing query={proposals} isEmpty={(rows) => rows.length === 0} empty={t('proposals.none')}>
        {(rows) => (
          <Table<Proposal>
            rowKey="id"
            size="small"
            pagination={false}
            dataSource={rows}
            data-ready="proposals"
            expandable={{
              rowExpandable: (each) => each.kind === 'production',
              expandedRowRender: (each) => <ProposedRelease id={each.id} />,
            }}
            columns={[
              { title: t('proposals.what'), dataIndex: 'what' },
              {
                title: t('proposals.kind'),
                render: (_, each) => (
                  <Tag>{t(`proposals.kinds.${each.kind as 'money' | 'production' | 'letters' | 'roles'}`)}</Tag>
                ),
              },
              { title: t('proposals.by'), dataIndex: 'by' },
              { title: t('proposals.reason'), dataIndex: 'reason' },
              { title: t('proposals.since'), render: (_, each) => <Ago at={each.at} /> },
              {
                align: 'right',
                render: (_, each) => (
                  <Space>
                    {may && !each.own && (
                      <Button
                        size="small"
                        type="primary"
                        onClick={() => setChosen({ proposal: each, approve: true })}
                        data-action="approve"
                      >
                        {t('proposals.approve')}
                      </Button>
                    )}
                    {(may || each.own) && (
                      <Button size="small" onClick={() => setChosen({ proposal: each, approve: false })}>
                        {each.own ? t('proposals.takeBack') : t('proposals.reject')}
                      </Button>
                    )}
                  </Space>
                ),
              },
            ]}
          />
        )}
      </Listing>
      {chosen && (
        <ReasonDialog
          title={chosen.proposal.what}
          action={chosen.approve ? t('proposals.approve') : t('proposals.reject')}
          danger={!chosen.approve}
          busy={decide.isPending}
          error={decide.error}
          close={() => setChosen(undefined)}
          onReason={(note) =>
            decide.mutate(
              { id: chosen.proposal.id, approve: chosen.approve, note },
              { onSuccess: () => setChosen(undefined) },
            )
          }
        />
      )}
    </>
  );
}

function ProposedRelease({ id }: { id: string }) {
  const found = useProposedRelease(id);
  return (
    <Listing query={found} isEmpty={() => false} empty="">
      {(seen) => <Changes of={seen} />}
    </Listing>
  );
}

export const Component = ProposalsPage;
