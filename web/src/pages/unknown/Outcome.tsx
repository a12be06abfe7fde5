// One call whose outcome nobody knows: what was sent, by which number to look for it, and a person's decision.
import { ExportOutlined, FileSearchOutlined } from '@ant-design/icons';
import { App, Button, Checkbox, Form, Input, Modal, Space, Tooltip, Typography } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Effect, useDecide } from '../../api/effects';
import { useMay } from '../../api/session';
import { useSystems } from '../../api/systems';
import { useLanguage } from '../../i18n';
import { reasonOf, useNames } from '../../widgets/names';
import { StateTag } from '../../widgets/StateTag';
import { Ago, Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';

export function Outcome({ effect }: { effect: Effect }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const names = useNames();
  const may = useMay('effects.decide');
  const system = useSystems().data?.find((each) => each.name === effect.system);
  const [asking, setAsking] = useState<'done' | 'not_done'>();
  const number = effect.business_key ?? '';
  const name = names.system(effect.system);
  const probes = effect.safety === 'probe' && !effect.due_at.startsWith('9999');
  return (
    <li className="outcome" data-number={number}>
      <header>
        <h2>{number}</h2>
        <StateTag state="retrying">{t('reasons.class.unknown')}</StateTag>
        <span>{names.operation(effect.system, effect.operation)}</span>
        <span className="gap" />
        {number && (
          <Link to={`/trace/${encodeURIComponent(number)}`}>
            <FileSearchOutlined /> {t('deadLetters.trail')}
          </Link>
        )}
        {system?.home_url && (
          <a href={system.home_url} target="_blank" rel="noreferrer">
            <ExportOutlined /> {t('unknown.openSystem', { system: name })}
          </a>
        )}
      </header>
      <div className="facts">
        <dl>
          <div>
            <dt>{t('unknown.sentAt')}</dt>
            <dd>
              <Moment at={effect.attempted_at ?? effect.created_at} />
            </dd>
          </div>
          <div>
            <dt>{t('unknown.ourNumber')}</dt>
            <dd>
              <Tooltip title={t('unknown.ourNumberWhy')}>
                <Typography.Text copyable={{ text: number }}>{number}</Typography.Text>
              </Tooltip>
            </dd>
          </div>
          <div>
            <dt>{t('unknown.probe')}</dt>
            <dd>
              {probes ? <NextProbe at={effect.due_at} /> : t('unknown.probeNone')}
            </dd>
          </div>
          <div>
            <dt>{t('unknown.why')}</dt>
            <dd>{reasonOf(effect.error_class, effect.error_text, language, t)}</dd>
          </div>
        </dl>
        <details>
          <summary>{t('unknown.sent')}</summary>
          <pre tabIndex={0}>{JSON.stringify(effect.request, null, 2)}</pre>
        </details>
      </div>
      <Space>
        <Tooltip title={may ? undefined : t('common.rightMissing')}>
          <Button type="primary" disabled={!may} onClick={() => setAsking('done')}>
            {t('unknown.done')}
          </Button>
        </Tooltip>
        <Tooltip title={may ? undefined : t('common.rightMissing')}>
          <Button disabled={!may} onClick={() => setAsking('not_done')}>
            {t('unknown.notDone')}
          </Button>
        </Tooltip>
      </Space>
      {asking && <Decision effect={effect} verdict={asking} number={number} name={name} close={() => setAsking(undefined)} />}
    </li>
  );
}

function NextProbe({ at }: { at: string }) {
  const { t } = useTranslation();
  const [before, after] = t('unknown.probeNext', { time: '\u0000' }).split('\u0000');
  return (
    <>
      {before}
      <Ago at={at} />
      {after}
    </>
  );
}

interface DecisionProps {
  effect: Effect;
  verdict: 'done' | 'not_done';
  number: string;
  name: string;
  close: () => void;
}

function Decision({ effect, verdict, number, name, close }: DecisionProps) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const decide = useDecide();
  const [form] = Form.useForm<Record<string, string>>();
  const [sure, setSure] = useState(false);
  const done = verdict === 'done';
  const system = useSystems().data?.find((each) => each.name === effect.system);
  // What the process reads from an answer, as the operation declares it; else one number.
  const fields = system?.answers?.[effect.operation] ?? ['number'];
  const send = (answer?: Record<string, string>) =>
    decide.mutate(
      { effect_id: effect.id, verdict, ...(answer ? { answer } : {}) },
      {
        onSuccess: () => {
          void message.success(t('unknown.decided', { number }));
          close();
        },
      },
    );
  return (
    <Modal
      open
      title={t(done ? 'unknown.doneTitle' : 'unknown.notDoneTitle', { number, system: name })}
      okText={t(done ? 'unknown.done' : 'unknown.notDone')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: decide.isPending, danger: !done, disabled: !done && !sure }}
      onCancel={close}
      onOk={() => (done ? form.submit() : send())}
    >
      <p>{t(done ? 'unknown.doneWhy' : 'unknown.notDoneWhy', { system: name })}</p>
      {decide.error && <Trouble error={decide.error} />}
      {done ? (
        <Form form={form} layout="vertical" onFinish={send}>
          {fields.map((field, index) => (
            <Form.Item
              key={field}
              name={field}
              label={index === 0 ? `${t('unknown.doneNumber')}${field === 'number' ? '' : ` (${field})`}` : t('unknown.doneField', { field })}
              rules={index === 0 ? [{ required: true, whitespace: true, message: t('unknown.doneMissing') }] : []}
            >
              <Input autoFocus={index === 0} />
            </Form.Item>
          ))}
        </Form>
      ) : (
        <Checkbox checked={sure} onChange={(event) => setSure(event.target.checked)}>
          {t('unknown.notDoneSure', { system: name })}
        </Checkbox>
      )}
    </Modal>
  );
}
