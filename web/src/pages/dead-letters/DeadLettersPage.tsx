// Answers first: why do documents fail, and which are they? The filter stands in the address.
import { ReloadOutlined } from '@ant-design/icons';
import { App, Button, Segmented, Select, Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams, useSearchParams } from 'react-router';

import { type LetterStatus, useCauses, useDeadLetters, useReplayMany } from '../../api/deadLetters';
import { useMay } from '../../api/session';
import { useSystems } from '../../api/systems';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { ExportButton } from '../../widgets/ExportButton';
import { PageHead } from '../../widgets/PageHead';
import { ReasonDialog } from '../../widgets/ReasonDialog';
import { Causes } from './Causes';
import { DetailPanel } from './DetailPanel';
import { LetterTable } from './LetterTable';
import './dead-letters.css';

const STATUSES: LetterStatus[] = ['open', 'replayed', 'resolved', 'discarded'];

export function DeadLettersPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { id } = useParams();
  const navigate = useNavigate();
  const [address, setAddress] = useSearchParams();
  const asked = address.get('status');
  const status = STATUSES.find((each) => each === asked) ?? 'open';
  const cause = address.get('cause') ?? undefined;
  const system = address.get('system') ?? undefined;
  const set = (changes: Record<string, string | undefined>) => {
    const next = new URLSearchParams(address);
    for (const [key, value] of Object.entries(changes)) {
      if (value) next.set(key, value);
      else next.delete(key);
    }
    setAddress(next, { replace: true });
  };
  const causes = useCauses(status);
  const letters = useDeadLetters({ status, cause, system });
  const systems = useSystems();
  const [chosen, setChosen] = useState<string[]>([]);
  const rows = letters.data?.pages.flatMap((page) => page.items) ?? [];
  const selected = chosen.filter((each) => rows.some((row) => row.id === each));
  const filtered = cause !== undefined || system !== undefined;
  const show = (letter?: string) => {
    const query = address.toString();
    void navigate(`/dead-letters${letter ? `/${letter}` : ''}${query ? `?${query}` : ''}`, { replace: true });
  };
  return (
    <>
      <PageHead title={t('deadLetters.title')} about={t('deadLetters.about')}>
        <ExportButton list="dead-letters" filter={{ status, cause, system }} />
      </PageHead>
      <div className="toolbar">
        <Segmented<LetterStatus>
          value={status}
          onChange={(next) => {
            setChosen([]);
            set({ status: next === 'open' ? undefined : next, cause: undefined });
          }}
          options={STATUSES.map((each) => ({ value: each, label: t(`deadLetters.status.${each}`) }))}
        />
        <Select
          className="systems"
          aria-label={t('deadLetters.system')}
          value={system ?? ''}
          onChange={(next) => set({ system: next })}
          options={[
            { value: '', label: t('deadLetters.systemAll') },
            ...(systems.data ?? []).map((each) => ({ value: each.name, label: each.title[language] })),
          ]}
        />
        <span className="gap" />
        {status === 'open' && <ReplayMany ids={selected} done={() => setChosen([])} />}
      </div>
      <div className={id ? 'letters with-detail' : 'letters'}>
        <Causes causes={causes} chosen={cause} choose={(next) => set({ cause: next })} />
        <section className="panel list">
          <Listing
            query={{ ...letters, data: letters.data && rows }}
            isEmpty={(data) => data.length === 0}
            empty={status === 'open' ? t('deadLetters.empty') : t('deadLetters.emptyClosed')}
            filter={
              filtered
                ? { empty: t('deadLetters.emptyFiltered'), clear: () => set({ cause: undefined, system: undefined }) }
                : undefined
            }
            rows={8}
          >
            {(data) => (
              <LetterTable
                letters={data}
                status={status}
                shown={id}
                show={show}
                chosen={selected}
                choose={setChosen}
                more={letters.hasNextPage ? () => void letters.fetchNextPage() : undefined}
                loading={letters.isFetchingNextPage}
              />
            )}
          </Listing>
        </section>
        {id && <DetailPanel key={id} id={id} close={() => show()} />}
      </div>
    </>
  );
}

function ReplayMany({ ids, done }: { ids: string[]; done: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const may = useMay('letters.repair');
  const replay = useReplayMany();
  const [asking, setAsking] = useState(false);
  const send = (reason: string) =>
    replay.mutate(
      { ids, reason },
      {
        onSuccess: ({ items, replayed }) => {
          const failed = items.filter((each) => !each.ok);
          if (failed.length === 0) void message.success(t('deadLetters.replayedMany', { done: replayed }));
          else {
            const why = failed[0]?.message ?? '';
            void message.warning(t('deadLetters.replayedSome', { done: replayed, failed: failed.length, why }));
          }
          setAsking(false);
          done();
        },
      },
    );
  return (
    <>
      {ids.length > 0 && <span className="number">{t('deadLetters.selected', { count: ids.length })}</span>}
      <Tooltip title={may ? undefined : t('common.rightMissing')}>
        <Button type="primary" icon={<ReloadOutlined />} disabled={!may || ids.length === 0} onClick={() => setAsking(true)}>
          {t('deadLetters.replayMany')}
        </Button>
      </Tooltip>
      {asking && (
        <ReasonDialog
          title={t('deadLetters.replayManyTitle', { count: ids.length })}
          action={t('deadLetters.replay')}
          busy={replay.isPending}
          error={replay.error}
          close={() => setAsking(false)}
          onReason={send}
        >
          <p>{t('deadLetters.replayManyWhy')}</p>
        </ReasonDialog>
      )}
    </>
  );
}
