// One system: does it run, what waits for it, what went on today; its own page; pause, resume, test.
import {
  ApiOutlined,
  ExportOutlined,
  PauseOutlined,
  PlayCircleOutlined,
} from '@ant-design/icons';
import { Button, Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { useMay } from '../../api/session';
import type { System } from '../../api/systems';
import { useLanguage } from '../../i18n';
import { useMode } from '../../theme';
import { looksOf } from '../../widgets/states';
import { StateTag } from '../../widgets/StateTag';
import { Ago, count, Moment } from '../../widgets/time';
import { reasonOf, useWho } from '../../widgets/names';
import { doerOf, saidOf } from '../../widgets/words';
import { CheckDialog, PauseDialog, ResumeDialog } from './dialogs';
import { lookOfSystem, wordOfSystem } from './states';

export function SystemTile({ system }: { system: System }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { mode } = useMode();
  const [dialog, setDialog] = useState<'pause' | 'resume' | 'check'>();
  const state = lookOfSystem(system);
  const look = looksOf(mode)[state];
  const title = system.title[language];
  const close = () => setDialog(undefined);
  return (
    <section
      className={`tile is-${state}`}
      aria-label={title}
      data-system={system.name}
      data-state={system.state}
      style={state === 'done' ? undefined : { borderColor: look.line, background: look.paper }}
    >
      <header>
        <h2>{title}</h2>
        <StateTag state={state}>{t(`map.state.${wordOfSystem(system)}`)}</StateTag>
      </header>
      <dl>
        <div>
          <dt>{t('map.waiting')}</dt>
          <dd className="number">{count(system.waiting, language)}</dd>
          <dd className="small">{system.oldest_at ? <Oldest at={system.oldest_at} /> : t('map.none')}</dd>
        </div>
        <div>
          <dt>{t('map.calls')}</dt>
          <dd className="number">{count(system.calls, language)}</dd>
        </div>
        <div>
          <dt>{t('map.events')}</dt>
          <dd className="number">{count(system.events, language)}</dd>
        </div>
        <div className={system.dead + system.unknown > 0 ? 'bad' : undefined}>
          <dt>{t('map.failed')}</dt>
          <dd className="number">{count(system.dead, language)}</dd>
        </div>
      </dl>
      <Why system={system} />
      <footer>
        {system.home_url && (
          <Button size="small" type="link" icon={<ExportOutlined />} href={system.home_url} target="_blank" rel="noreferrer">
            {t('map.open')}
          </Button>
        )}
        <Link to={`/systems/${encodeURIComponent(system.name)}`}>{t('system.open')}</Link>
        <span className="gap" />
        <Operate word={t('map.check')} icon={<ApiOutlined />} onClick={() => setDialog('check')} />
        {system.paused ? (
          <Operate word={t('map.resume')} icon={<PlayCircleOutlined />} onClick={() => setDialog('resume')} shown />
        ) : (
          <Operate word={t('map.pause')} icon={<PauseOutlined />} onClick={() => setDialog('pause')} />
        )}
      </footer>
      {dialog === 'pause' && <PauseDialog system={system} close={close} />}
      {dialog === 'resume' && <ResumeDialog system={system} close={close} />}
      {dialog === 'check' && <CheckDialog system={system} close={close} />}
    </section>
  );
}

function Oldest({ at }: { at: string }) {
  const { t } = useTranslation();
  const [before, after] = t('map.oldest', { time: '\u0000' }).split('\u0000');
  return (
    <>
      {before}
      <Ago at={at} />
      {after}
    </>
  );
}

/** Why it does not run, or the last thing that went wrong. */
function Why({ system }: { system: System }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const whoIs = useWho();
  if (system.problem) {
    return (
      <p className="why">
        <Tooltip title={system.problem[language]}>
          <span>{system.problem[language]}</span>
        </Tooltip>
      </p>
    );
  }
  const since = system.since;
  if (system.state === 'down' || system.state === 'paused') {
    const who = whoIs(doerOf(system.changed_by).name);
    const key = system.state === 'down' ? 'map.downSince' : 'map.pausedSince';
    const [before, after] = t(key, { time: '\u0000', who }).split('\u0000');
    const reason =
      system.state === 'down' ? reasonOf('unavailable', system.reason, language, t) : saidOf(system.reason);
    return (
      <p className="why">
        {since && (
          <strong>
            {before}
            <Moment at={since} />
            {after}
          </strong>
        )}
        {reason && (
          <Tooltip title={reason}>
            <span>{` · ${reason}`}</span>
          </Tooltip>
        )}
      </p>
    );
  }
  const error = reasonOf(system.error_class, system.error_text, language, t);
  if (!error || !system.error_at) return <p className="why" />;
  return (
    <p className="why">
      <Tooltip title={error}>
        <span>
          {t('map.lastError')} <Moment at={system.error_at} /> · {error}
        </span>
      </Tooltip>
    </p>
  );
}

interface OperateProps {
  word: string;
  icon: React.ReactNode;
  onClick: () => void;
  /** With its word beside it. */
  shown?: boolean;
}

function Operate({ word, icon, onClick, shown }: OperateProps) {
  const { t } = useTranslation();
  const may = useMay('systems.operate');
  return (
    <Tooltip title={may ? word : t('common.rightMissing')}>
      <Button size="small" type={shown ? 'primary' : 'text'} icon={icon} aria-label={word} disabled={!may} onClick={onClick}>
        {shown ? word : undefined}
      </Button>
    </Tooltip>
  );
}
