// One data flow: its systems, what went through, what waits and why; run now, pause, resume.
import { PauseOutlined, PlayCircleOutlined, SyncOutlined } from '@ant-design/icons';
import { Alert, App, Button, Skeleton } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';

import { type Flow, useFlow, useFlowAct } from '../../api/flows';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { PageHead } from '../../widgets/PageHead';
import { ReasonDialog } from '../../widgets/ReasonDialog';
import { StateTag } from '../../widgets/StateTag';
import { Trouble } from '../../widgets/Trouble';
import { duration } from '../../widgets/figures';
import { useNames } from '../../widgets/names';
import { Ago, count, Moment } from '../../widgets/time';
import './flows.css';
import { stateOfFlow } from './standing';

export function FlowPage() {
  const { name = '' } = useParams();
  const { t } = useTranslation();
  const flow = useFlow(name);
  if (flow.isPending) return <Skeleton active className="panel padded" paragraph={{ rows: 8 }} />;
  if (!flow.data) {
    return (
      <>
        <PageHead title={t('menu.flows')} />
        {flow.error && <Trouble error={flow.error} retry={() => void flow.refetch()} />}
      </>
    );
  }
  return <Standing flow={flow.data} />;
}

function Standing({ flow }: { flow: Flow }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { message } = App.useApp();
  const names = useNames();
  const mayRun = useMay('systems.operate');
  const act = useFlowAct(flow.name);
  const [pausing, pause] = useState(false);
  const isPaused = flow.status === 'paused';
  const most = Math.max(1, ...flow.delays.map((each) => each.count));
  const run = () => act.mutate({ act: 'run' }, { onSuccess: () => void message.success(t('flows.asked')) });
  const right = mayRun ? undefined : t('common.rightMissing');
  return (
    <>
      <PageHead title={flow.title[language]} about={flow.due_within_s ? t('flows.due', { time: duration(flow.due_within_s, language) }) : undefined}>
        <Button icon={<SyncOutlined />} disabled={!mayRun || isPaused} title={right ?? t('flows.runHint')} onClick={run} data-action="run-flow">
          {t('flows.run')}
        </Button>
        <Button
          icon={isPaused ? <PlayCircleOutlined /> : <PauseOutlined />}
          disabled={!mayRun}
          title={right}
          onClick={() => (isPaused ? act.mutate({ act: 'resume' }) : pause(true))}
          data-action="pause-flow"
        >
          {t(isPaused ? 'flows.resume' : 'flows.pause')}
        </Button>
      </PageHead>
      <div className="flow" data-ready="flow" data-state={flow.status}>
        {act.error && !pausing && <Trouble error={act.error} />}
        {isPaused && <Alert type="info" showIcon title={t('flows.pausedBy', { by: flow.changed_by, reason: flow.reason })} />}
        <p className="panel flow-facts">
          <StateTag state={stateOfFlow(flow)}>{t(`flows.states.${flow.status as 'running'}`)}</StateTag>
          {flow.seen_at && (
            <span>
              <span className="soft">{t('flows.seen')}</span> <Ago at={flow.seen_at} />
            </span>
          )}
          {Object.entries(flow.counts).map(([name, value]) => (
            <span key={name}>
              <span className="soft">{t(`flows.count.${name as 'read'}`, { defaultValue: name })}</span>{' '}
              <span className="number">{count(value, language)}</span>
            </span>
          ))}
        </p>
        <section className="panel padded">
          <h2>{t('flows.ends')}</h2>
          <div className="table-scroll" tabIndex={0} role="group" aria-label={t('flows.ends')}>
            <table className="plain">
              <thead>
                <tr>
                  <th>{t('instances.system')}</th>
                  <th>{t('flows.reads')}</th>
                  <th>{t('flows.readAt')}</th>
                  <th>{t('flows.writes')}</th>
                </tr>
              </thead>
              <tbody>
                {flow.ends.map((end) => (
                  <tr key={end.system}>
                    <td>
                      <Link to={`/systems/${end.system}`}>{names.system(end.system)}</Link>
                    </td>
                    <td>{end.reads ?? '—'}</td>
                    <td>{end.read_at ? <Moment at={end.read_at} /> : '—'}</td>
                    <td>{end.writes ? names.operation(end.system, end.writes) : '—'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
        <section className="panel padded">
          <h2>{t('flows.waiting')}</h2>
          {flow.waiting.length === 0 && <p className="soft">{t('flows.noWaiting')}</p>}
          <ul>
            {flow.waiting.map((each) => (
              <li key={each.status}>
                {t(`flows.status.${each.status as 'open'}`, { defaultValue: each.status })}:{' '}
                <strong className="number">{count(each.count, language)}</strong> · <Ago at={each.oldest_at} />
              </li>
            ))}
          </ul>
          <p>
            <Link to="/dead-letters">{t('flows.toLetters')}</Link> · <Link to="/unknown?tab=parked">{t('flows.toParked')}</Link>
          </p>
        </section>
        <section className="panel padded">
          <h2>{t('flows.delays')}</h2>
          <ul className="flow-delays">
            {flow.delays.map((each) => (
              <li key={String(each.up_to_s)}>
                <span>{each.up_to_s === null ? t('flows.more') : t('flows.upTo', { time: duration(each.up_to_s, language) })}</span>
                <meter min={0} max={most} value={each.count} aria-label={String(each.count)} />
                <span className="number">{count(each.count, language)}</span>
              </li>
            ))}
          </ul>
        </section>
        <section className="panel padded">
          <h2>{t('flows.errors')}</h2>
          {flow.errors.length === 0 && <p className="soft">{t('flows.noErrors')}</p>}
          <ul>
            {flow.errors.map((each, place) => (
              <li key={place}>
                <span className="mono">{each.key}</span> · {names.system(each.system)} · <Moment at={each.at} />
                <div className="soft">{each.text}</div>
              </li>
            ))}
          </ul>
        </section>
      </div>
      {pausing && (
        <ReasonDialog
          title={`${t('flows.pause')} · ${flow.title[language]}`}
          action={t('flows.pause')}
          busy={act.isPending}
          error={act.error}
          close={() => pause(false)}
          onReason={(reason) => act.mutate({ act: 'pause', reason }, { onSuccess: () => pause(false) })}
        />
      )}
    </>
  );
}

export const Component = FlowPage;
