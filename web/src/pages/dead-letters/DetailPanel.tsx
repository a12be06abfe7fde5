// One failed document: why, what happened, what is sent; correct it, send it again, close it.
import { CloseOutlined, FileSearchOutlined, PartitionOutlined, ReloadOutlined, StopOutlined } from '@ant-design/icons';
import { App, Alert, Button, Skeleton, Space, Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type DeadLetterDetail, useDeadLetter, useDiscard, useReplay } from '../../api/deadLetters';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { reasonOf, useNames, useWho } from '../../widgets/names';
import { ReasonDialog } from '../../widgets/ReasonDialog';
import { StateTag } from '../../widgets/StateTag';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { doerOf } from '../../widgets/words';
import { linesChanged } from './lines';
import { Payload } from './Payload';

interface Props {
  id: string;
  close: () => void;
}

export function DetailPanel({ id, close }: Props) {
  const { t } = useTranslation();
  const detail = useDeadLetter(id);
  return (
    <aside className="panel detail" aria-label={t('deadLetters.detail', { number: '' })}>
      {detail.isPending && <Skeleton active paragraph={{ rows: 8 }} className="padded" />}
      {!detail.data && detail.error && <Trouble error={detail.error} retry={() => void detail.refetch()} />}
      {detail.data && <Detail detail={detail.data} close={close} />}
    </aside>
  );
}

function Detail({ detail, close }: { detail: DeadLetterDetail; close: () => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const names = useNames();
  const { letter } = detail;
  const number = letter.business_key ?? t('deadLetters.noNumber');
  const [text, setText] = useState<string>();
  const isOpen = letter.status === 'open';
  return (
    <div data-ready="detail">
      <header>
        <h2>{number}</h2>
        <StateTag state={isOpen ? 'failed' : letter.status === 'discarded' ? 'cancelled' : 'done'}>
          {t(`deadLetters.status.${letter.status as 'open'}`)}
        </StateTag>
        <span className="gap" />
        {letter.business_key && (
          <Link to={`/trace/${encodeURIComponent(letter.business_key)}`}>
            <FileSearchOutlined /> {t('deadLetters.trail')}
          </Link>
        )}
        {letter.instance_id && (
          <Link to={`/instances/${encodeURIComponent(letter.instance_id)}`}>
            <PartitionOutlined /> {t('deadLetters.process')}
          </Link>
        )}
        <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t('common.close')} onClick={close} />
      </header>
      <p className="target">{names.operation(letter.system, letter.operation)}</p>
      <Alert
        type={isOpen ? 'error' : 'info'}
        showIcon
        title={reasonOf(letter.error_class, letter.error_text, language, t)}
        {...(letter.outage && isOpen ? { description: t('deadLetters.outage') } : {})}
      />
      <Passed detail={detail} />
      <Payload detail={detail} text={text} change={setText} />
      {isOpen && <Acts detail={detail} number={number} text={text} close={close} />}
    </div>
  );
}

/** What happened, oldest first. */
function Passed({ detail }: { detail: DeadLetterDetail }) {
  const { t } = useTranslation();
  const who = useWho();
  const { letter } = detail;
  const closed = doerOf(letter.closed_by);
  return (
    <>
      <h3>{t('deadLetters.history')}</h3>
      <ol className="passed">
        {detail.first_at && (
          <li>
            <Moment at={detail.first_at} /> {t('deadLetters.firstAt')}
          </li>
        )}
        {detail.attempted_at && (
          <li>
            <Moment at={detail.attempted_at} /> {t('deadLetters.attemptedAt', { count: letter.attempts })}
          </li>
        )}
        <li>
          <Moment at={letter.created_at} /> {t('deadLetters.failedAt')}
        </li>
        {letter.closed_at && (
          <li>
            <Moment at={letter.closed_at} />{' '}
            {t('deadLetters.closedAt', {
              who: who(closed.name),
              word: t(`deadLetters.status.${letter.status as 'open'}`),
            })}
            {closed.reason && <span className="reason"> · {closed.reason}</span>}
          </li>
        )}
      </ol>
    </>
  );
}

interface ActsProps {
  detail: DeadLetterDetail;
  number: string;
  text: string | undefined;
  close: () => void;
}

function Acts({ detail, number, text, close }: ActsProps) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const names = useNames();
  const may = useMay('letters.repair');
  const replay = useReplay();
  const discard = useDiscard();
  const [asking, setAsking] = useState<'replay' | 'discard'>();
  const { letter } = detail;
  const corrected = text !== undefined && text !== detail.payload_text;
  const changed = corrected ? linesChanged(detail.payload_text, text) : 0;
  const bad = corrected && parsed(text) === undefined;
  const system = names.system(letter.system);
  const done = (words: string) => {
    void message.success(words);
    setAsking(undefined);
    close();
  };
  return (
    <Space className="acts" wrap>
      <Tooltip title={may ? undefined : t('common.rightMissing')}>
        <Button type="primary" icon={<ReloadOutlined />} disabled={!may || bad} onClick={() => setAsking('replay')}>
          {corrected ? t('deadLetters.replayCorrected') : t('deadLetters.replay')}
        </Button>
      </Tooltip>
      <Tooltip title={may ? undefined : t('common.rightMissing')}>
        <Button icon={<StopOutlined />} disabled={!may} onClick={() => setAsking('discard')}>
          {t('deadLetters.discard')}
        </Button>
      </Tooltip>
      {asking === 'replay' && (
        <ReasonDialog
          title={t('deadLetters.replayTitle', { number })}
          action={t('deadLetters.replay')}
          busy={replay.isPending}
          error={replay.error}
          close={() => setAsking(undefined)}
          onReason={(reason) =>
            replay.mutate(
              { id: letter.id, reason, payload: corrected ? text : undefined },
              { onSuccess: () => done(t('deadLetters.replayed', { number })) },
            )
          }
        >
          <p>
            {corrected
              ? t('deadLetters.replayCorrectedWhy', { system, count: changed })
              : t('deadLetters.replayWhy', { system })}
          </p>
        </ReasonDialog>
      )}
      {asking === 'discard' && (
        <ReasonDialog
          title={t('deadLetters.discardTitle', { number })}
          action={t('deadLetters.discard')}
          danger
          busy={discard.isPending}
          error={discard.error}
          close={() => setAsking(undefined)}
          onReason={(reason) =>
            discard.mutate({ id: letter.id, reason }, { onSuccess: () => done(t('deadLetters.discarded', { number })) })
          }
        >
          <p>{t('deadLetters.discardWhy')}</p>
        </ReasonDialog>
      )}
    </Space>
  );
}

export function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
