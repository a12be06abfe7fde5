// The trail of one number: head, where it is now, stages, chain of documents, lines, story, processes.
import { ArrowLeftOutlined, ExportOutlined, PartitionOutlined } from '@ant-design/icons';
import { Alert, Skeleton } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Trail, useTrail } from '../../api/trace';
import { useLanguage } from '../../i18n';
import { CopyLink } from '../../widgets/CopyLink';
import { PageHead } from '../../widgets/PageHead';
import { StateTag } from '../../widgets/StateTag';
import { Trouble } from '../../widgets/Trouble';
import { day, money } from '../../widgets/figures';
import { Ago, Moment } from '../../widgets/time';
import { Chain } from './Chain';
import { OrderLines } from './OrderLines';
import { NothingKnown } from './SearchView';
import { CustomerLink } from './CustomerLink';
import { Stages } from './Stages';
import { Story } from './Story';
import { stateOf } from './states';

export function TrailView({ number }: { number: string }) {
  const { t } = useTranslation();
  const trail = useTrail(number);
  const { data } = trail;
  return (
    <>
      <PageHead title={`${t('trace.title')} ${data?.order?.number ?? number}`}>
        <Link to="/trace" className="back">
          <ArrowLeftOutlined /> {t('trace.backToSearch')}
        </Link>
        {data?.order?.customer && <CustomerLink number={data.order.number} />}
        <CopyLink label={t('trace.copyLink')} />
      </PageHead>
      {trail.isPending && <Skeleton active className="panel padded" paragraph={{ rows: 8 }} />}
      {trail.error && !data && <Trouble error={trail.error} retry={() => void trail.refetch()} />}
      {data && !data.found && <NothingKnown number={number} />}
      {data?.found && <Found trail={data} />}
    </>
  );
}

function Found({ trail }: { trail: Trail }) {
  const { t } = useTranslation();
  return (
    <div className="trail" data-ready="trail">
      {!trail.complete && <Alert type="warning" banner showIcon title={t('trace.incomplete')} />}
      <Head trail={trail} />
      {trail.stages.length > 0 && <Stages stages={trail.stages} />}
      <Chain trail={trail} />
      {trail.lines.length > 0 && <OrderLines trail={trail} />}
      <div className="trail-columns">
        <Story story={trail.story} />
        <Processes trail={trail} />
      </div>
    </div>
  );
}

function Head({ trail }: { trail: Trail }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { order, now } = trail;
  const kind = trail.documents.find((each) => each.id === order?.document);
  return (
    <section className="panel trail-head" aria-label={t('trace.now')}>
      {now && (
        <p className={`now now-${now.tone}`} data-ready="now">
          <StateTag state={stateOf(now.tone)} />
          {now.late && <StateTag state="failed">{t('trace.late')}</StateTag>}
          <strong>{now.text[language]}</strong>
          {now.holder[language] && (
            <span className="now-holder">
              {t('trace.holder')} <b>{now.holder[language]}</b>
            </span>
          )}
          {now.since && (
            <span className="soft">
              <Ago at={now.since} />
            </span>
          )}
        </p>
      )}
      {order && (
        <dl className="facts">
          <Fact label={`${order.system_title[language]} ${kind?.kind_title[language] ?? t('trace.order')}`}>
            <span className="mono">{order.number}</span> <StateTag state={stateOf(order.state)}>{order.status[language]}</StateTag>
            {order.url && (
              <a href={order.url} target="_blank" rel="noreferrer" aria-label={t('trace.openIn', { system: order.system_title[language] })}>
                {' '}
                <ExportOutlined />
              </a>
            )}
          </Fact>
          {order.customer && (
            <Fact label={t('trace.customer')}>
              {order.customer} {order.customer_code && <span className="soft mono">{order.customer_code}</span>}
            </Fact>
          )}
          {order.amount && (
            <Fact label={t('trace.amount')}>
              <span className="number">{money(order.amount, order.currency, language)}</span>
            </Fact>
          )}
          {order.due_on && (
            <Fact label={t('trace.due')}>
              <span className="number">{day(order.due_on, language)}</span>{' '}
              {order.late && <StateTag state="failed">{t('trace.overdue')}</StateTag>}
            </Fact>
          )}
          {order.ordered_on && (
            <Fact label={t('trace.ordered')}>
              <span className="number">{day(order.ordered_on, language)}</span>
            </Fact>
          )}
          {order.sales_person && <Fact label={t('trace.salesPerson')}>{order.sales_person}</Fact>}
        </dl>
      )}
      {trail.others.length > 0 && (
        <p className="others">
          <span className="soft">{t('trace.others')}</span>
          {trail.others.map((other) => (
            <Link key={other.document} to={`/trace/${encodeURIComponent(other.number)}`} className="mono">
              {other.number}
            </Link>
          ))}
        </p>
      )}
    </section>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const RUN_STATES: Readonly<Record<string, 'done' | 'active' | 'cancelled' | 'paused'>> = {
  active: 'active',
  completed: 'done',
  terminated: 'cancelled',
  suspended: 'paused',
  frozen: 'paused',
};

function Processes({ trail }: { trail: Trail }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  if (trail.runs.length === 0) return null;
  return (
    <section className="panel">
      <h2 className="panel-title">{t('trace.processes')}</h2>
      <ul className="runs">
        {trail.runs.map((run) => (
          <li key={run.id}>
            <Link to={`/instances/${run.id}`}>
              <PartitionOutlined /> {run.title[language]}
            </Link>
            <StateTag state={RUN_STATES[run.status] ?? 'active'} />
            <span className="soft">
              <Moment at={run.started_at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
