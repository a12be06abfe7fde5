// One run of a process: its diagram with the way it took, and the same as a table; calls, data, what is stuck.
import { FileSearchOutlined } from '@ant-design/icons';
import { Alert, Button, Skeleton, Tabs } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';

import { type InstanceDetail, useInstance, useProcessXml } from '../../api/instances';
import { useMay } from '../../api/session';
import { Diagram } from '../../diagram/Diagram';
import { useLanguage } from '../../i18n';
import { PageHead } from '../../widgets/PageHead';
import { StateTag } from '../../widgets/StateTag';
import { Trouble } from '../../widgets/Trouble';
import { duration } from '../../widgets/figures';
import { Moment } from '../../widgets/time';
import { Calls } from './Calls';
import { History } from './History';
import { Messages } from './Messages';
import { Moves } from './Moves';
import { Nodes } from './Nodes';
import { Variables } from './Variables';
import './instances.css';
import { stateOfRun } from './states';

export function InstancePage() {
  const { id = '' } = useParams();
  const { t } = useTranslation();
  const run = useInstance(id);
  if (run.isPending) return <Skeleton active className="panel padded" paragraph={{ rows: 10 }} />;
  if (!run.data) {
    return (
      <>
        <PageHead title={t('instances.title')} />
        {run.error && <Trouble error={run.error} retry={() => void run.refetch()} />}
      </>
    );
  }
  return <Run run={run.data} />;
}

function Run({ run }: { run: InstanceDetail }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const mayOperate = useMay('instances.operate');
  const { instance } = run;
  const xml = useProcessXml(instance.process_id, instance.release);
  const [selected, select] = useState<string>();
  const flows = useMemo(() => run.flows.map((flow) => flow.id), [run.flows]);
  const ended = instance.ended_at ? new Date(instance.ended_at) : new Date();
  const took = (ended.getTime() - new Date(instance.started_at).getTime()) / 1000;
  const name = instance.business_key ?? instance.title[language];
  const titles = useMemo(() => new Map(run.nodes.map((node) => [node.element, node.title])), [run.nodes]);
  const named = (element: string) => titles.get(element)?.[language] ?? element;
  return (
    <>
      <PageHead title={`${instance.title[language]} ${instance.business_key ?? ''}`.trim()} about={run.version && t('instances.version', { version: run.version })}>
        {instance.business_key && (
          <Link to={`/trace/${encodeURIComponent(instance.business_key)}`} data-action="to-trail">
            <Button icon={<FileSearchOutlined />} tabIndex={-1}>
              {t('instances.toTrail', { number: instance.business_key })}
            </Button>
          </Link>
        )}
        {mayOperate && <Moves run={run} name={name} selected={selected} named={named} />}
      </PageHead>
      <div className="run" data-ready="run">
        <p className="panel run-facts">
          <StateTag state={stateOfRun(instance.status)}>{t(`instances.status.${instance.status as 'active'}`)}</StateTag>
          <span>
            <span className="soft">{t('instances.started')}</span> <Moment at={instance.started_at} />
          </span>
          {instance.ended_at && (
            <span>
              <span className="soft">{t('instances.ended')}</span> <Moment at={instance.ended_at} />
            </span>
          )}
          <span>
            <span className="soft">{t('instances.took')}</span> <span className="number">{duration(took, language)}</span>
          </span>
        </p>
        {run.incidents.map((trouble) => (
          <Alert
            key={trouble.number}
            type="error"
            showIcon
            title={t('instances.trouble', { title: trouble.title[language] })}
            description={
              <>
                <div>{trouble.message}</div>
                <div>{trouble.advice[language]}</div>
              </>
            }
          />
        ))}
        <section className="panel" aria-label={t('instances.diagram')}>
          {xml.data && (
            <Diagram
              xml={xml.data}
              title={instance.title[language]}
              nodes={run.nodes}
              flows={flows}
              selected={selected}
              onSelect={select}
            />
          )}
          {xml.isPending && <Skeleton active className="padded" />}
          {xml.error && !xml.data && <Trouble error={xml.error} retry={() => void xml.refetch()} />}
        </section>
        <section className="panel">
          <Tabs
            className="run-tabs"
            items={[
              { key: 'nodes', label: t('instances.nodes'), children: <Nodes nodes={run.nodes} selected={selected} onSelect={select} /> },
              { key: 'calls', label: `${t('instances.calls')} ${run.calls.length}`, children: <Calls run={run} /> },
              { key: 'variables', label: t('instances.variables'), children: <Variables variables={run.variables} /> },
              { key: 'messages', label: t('instances.messages'), children: <Messages id={instance.id} ended={instance.ended_at !== null} named={named} /> },
              { key: 'history', label: t('instances.history'), children: <History id={instance.id} named={named} /> },
            ]}
          />
        </section>
      </div>
    </>
  );
}
