// A test run of the drawing: values of a past run or one's own, the way it takes, and what it would send.
import { CaretRightOutlined } from '@ant-design/icons';
import { Alert, Button, Input, Select, Space } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Answer, type Rehearsal, usePastEvents, usePastRun, useRehearse } from '../../api/design';
import { useInstances } from '../../api/instances';
import { useMay } from '../../api/session';
import { Diagram, type DrawnNode } from '../../diagram/Diagram';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';
import { moment } from '../../widgets/time';

interface Props {
  path: string;
  text: string;
  process: string;
  title: string;
  named: (element: string) => string;
}

export function RehearsalPanel({ path, text, process, title, named }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const maySee = useMay('instances.values');
  const runs = useInstances({ process });
  const events = usePastEvents(path, text, process, maySee);
  const past = usePastRun();
  const rehearse = useRehearse();
  const [values, setValues] = useState('{}');
  const [answers, setAnswers] = useState<Answer[]>([]);
  const [wrong, setWrong] = useState('');
  const [from, setFrom] = useState<string | null>(null);
  const [selected, select] = useState<string>();
  const run = rehearse.data;
  const options = runs.data?.pages.flatMap(({ items }) => items) ?? [];

  const start = (given: Answer[], written = values, begin = from) => {
    const variables = parsed(written);
    setWrong(variables ? '' : t('design.noJson'));
    if (!variables) return;
    setAnswers(given);
    rehearse.mutate({ process_id: process, files: [{ path, text }], variables, answers: given, start: begin });
  };
  const takeEvent = (place: number) => {
    const found = events.data?.[place];
    if (!found) return;
    const written = JSON.stringify(found.variables, null, 2);
    setValues(written);
    setFrom(found.start || null);
    start([], written, found.start || null);
  };
  const take = (id: string) =>
    past.mutate(id, {
      onSuccess: (found) => {
        const written = JSON.stringify(found.variables, null, 2);
        setValues(written);
        start(found.answers, written);
      },
    });

  const nodes = useMemo(() => (run ? nodesOf(run) : []), [run]);
  const flows = useMemo(() => run?.flows ?? [], [run]);
  return (
    <div className="rehearsal" data-ready={run ? 'rehearsal' : undefined}>
      <Diagram xml={text} title={title} nodes={nodes} flows={flows} selected={selected} onSelect={select} />
      <aside className="panel rehearsal-side">
        <p className="soft">{t('design.rehearsalAbout')}</p>
        {maySee && (
          <>
            <label htmlFor="past-event">{t('design.pastEvent')}</label>
            <Select
              id="past-event"
              style={{ width: '100%' }}
              placeholder={t('design.pastEventPlaceholder')}
              notFoundContent={t('design.pastEventNone')}
              loading={events.isFetching}
              options={(events.data ?? []).map((each, place) => ({
                value: place,
                label: `${each.key} · ${each.type} · ${moment(each.received_at, language)}`,
              }))}
              onChange={takeEvent}
            />
            <label htmlFor="past-run">{t('design.pastRun')}</label>
            <Select
              id="past-run"
              style={{ width: '100%' }}
              placeholder={t('design.pastRunPlaceholder')}
              loading={past.isPending}
              options={options.map((each) => ({
                value: each.id,
                label: `${each.business_key ?? each.id.slice(-12)} · ${moment(each.started_at, language)}`,
              }))}
              onChange={take}
            />
          </>
        )}
        <label htmlFor="run-values">{t('design.values')}</label>
        <Input.TextArea
          id="run-values"
          className="mono"
          autoSize={{ minRows: 4, maxRows: 12 }}
          value={values}
          onChange={({ target }) => setValues(target.value)}
          status={wrong ? 'error' : ''}
        />
        {wrong && <span className="design-wrong">{wrong}</span>}
        <Space>
          <Button type="primary" icon={<CaretRightOutlined />} loading={rehearse.isPending} onClick={() => start([])} data-action="rehearse">
            {t('design.run')}
          </Button>
          {answers.length > 0 && (
            <Button onClick={() => start(answers)}>{t('design.runAgain', { count: answers.length })}</Button>
          )}
        </Space>
        {(past.error ?? rehearse.error) && <Trouble error={(past.error ?? rehearse.error) as Error} />}
        {run && <Result run={run} named={named} onAnswer={(answer) => start([...answers, answer])} onSelect={select} />}
      </aside>
    </div>
  );
}

interface ResultProps {
  run: Rehearsal;
  named: (element: string) => string;
  onAnswer: (answer: Answer) => void;
  onSelect: (element: string) => void;
}

function Result({ run, named, onAnswer, onSelect }: ResultProps) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  return (
    <>
      <Alert
        type={run.state === 'completed' ? 'success' : run.troubles.length > 0 ? 'error' : 'info'}
        showIcon
        title={t(`design.ran.${run.state as 'completed'}`)}
        data-run={run.state}
      />
      {run.troubles.map((each) => (
        <Alert key={each.element} type="error" title={named(each.element)} description={each.message} />
      ))}
      {run.waiting.map((each, place) => (
        <Waiting key={`${each.element}-${place}-${run.done.length}`} waits={each} named={named} onAnswer={onAnswer} />
      ))}
      {run.calls.length > 0 && <strong>{t('design.wouldSend')}</strong>}
      {run.calls.map((each, place) => (
        <details key={place} onToggle={() => onSelect(each.element)}>
          <summary>
            {named(each.element)} <code>{each.name}</code>
          </summary>
          <pre className="rehearsal-json">{JSON.stringify(each.payload, null, 2)}</pre>
        </details>
      ))}
      {run.told.length > 0 && <strong>{t('design.wouldTell')}</strong>}
      {run.told.map((each, place) => (
        <details key={place} data-told={each.event} onToggle={() => onSelect(each.element)}>
          <summary>
            {named(each.element)} · {t(`design.toldOf.${each.event}`)} → {each.to.join(', ')}
          </summary>
          <p>
            {each.subject[language]}
            <br />
            {each.text[language]}
          </p>
        </details>
      ))}
      <details>
        <summary>{t('design.afterwards')}</summary>
        <pre className="rehearsal-json">{JSON.stringify(run.variables, null, 2)}</pre>
      </details>
    </>
  );
}

function Waiting({ waits, named, onAnswer }: { waits: Rehearsal['waiting'][number]; named: (id: string) => string; onAnswer: (answer: Answer) => void }) {
  const { t } = useTranslation();
  const [written, write] = useState('{}');
  const variables = parsed(written);
  return (
    <div className="rehearsal-waits" data-waits={waits.element}>
      <div>
        <span className="design-tag draft">{t(`design.waits.${waits.kind}`)}</span> <strong>{named(waits.element)}</strong> <code>{waits.name}</code>
      </div>
      {waits.kind !== 'timer' && (
        <Input.TextArea
          aria-label={t('design.answer')}
          className="mono"
          autoSize={{ minRows: 1, maxRows: 6 }}
          value={written}
          status={variables ? '' : 'error'}
          onChange={({ target }) => write(target.value)}
        />
      )}
      <Button size="small" disabled={!variables} onClick={() => onAnswer({ element: waits.element, variables: variables ?? {}, error: null })} data-action="answer">
        {t(waits.kind === 'timer' ? 'design.fire' : 'design.giveAnswer')}
      </Button>
    </div>
  );
}

function parsed(written: string): Record<string, unknown> | undefined {
  try {
    const found: unknown = JSON.parse(written);
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function nodesOf(run: Rehearsal): DrawnNode[] {
  const nodes = new Map<string, DrawnNode>();
  for (const element of run.done) {
    const known = nodes.get(element);
    nodes.set(element, { element, state: 'done', duration_s: 0, here: 0, times: (known?.times ?? 0) + 1 });
  }
  for (const { element } of run.waiting) nodes.set(element, { element, state: 'waiting', duration_s: 0, here: 1, times: 1 });
  for (const { element } of run.troubles) nodes.set(element, { element, state: 'failed', duration_s: 0, here: 1, times: 1 });
  return [...nodes.values()];
}
