// One alert: what it is, who has it, what was done; and what one can do.
import { Button, Descriptions, Drawer, Dropdown, Input, Select, Space, Timeline, Typography } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Act, type Alert, type AlertDetail, useActOnAlerts, useAlert } from '../../api/alerts';
import { useMay } from '../../api/session';
import { useColleagues } from '../../api/inbox';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { count, Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { SeverityTag } from './SeverityTag';
import { kindOf, lasting, MUTES } from './words';

const NOTED = ['acknowledge', 'assign', 'comment', 'resolve', 'mute', 'rate', 'escalated'] as const;

export function AlertPanel({ id, close }: { id: string; close: () => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const alert = useAlert(id);
  return (
    <Drawer open size={620} onClose={close} title={alert.data?.alert.title[language] ?? t('menu.alerts')}>
      <Listing query={alert} isEmpty={() => false} empty={null}>
        {(found) => (
          <div data-ready="alert">
            <Facts alert={found.alert} />
            <Acts alert={found.alert} />
            <Notes detail={found} />
          </div>
        )}
      </Listing>
    </Drawer>
  );
}

function Facts({ alert }: { alert: Alert }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const keys = alert.keys.length > 0 ? alert.keys : alert.key ? [alert.key] : [];
  const rows = [
    {
      label: t('alerts.severity'),
      children: (
        <Space>
          <SeverityTag of={alert} />
          {t(`alerts.kinds.${kindOf(alert)}`)}
        </Space>
      ),
    },
    { label: t('alerts.count'), children: count(alert.count, language) },
    {
      label: t('alerts.document'),
      children: (
        <Space wrap size={8}>
          {keys.map((key) => (
            <Link key={key} to={`/trace/${encodeURIComponent(key)}`}>
              {key}
            </Link>
          ))}
          {alert.count > keys.length && keys.length > 0 && '…'}
        </Space>
      ),
    },
    {
      label: t('alerts.node'),
      children: alert.instance ? <Link to={`/instances/${alert.instance}`}>{alert.node}</Link> : alert.node,
    },
    { label: t('alerts.owner'), children: alert.owner[language] },
    { label: t('alerts.to'), children: alert.to.join(', ') },
    { label: t('alerts.handler'), children: alert.assignee || alert.acknowledged_by },
    { label: t('alerts.began'), children: <Moment at={alert.since} /> },
    { label: t('alerts.limit'), children: alert.limit_s > 1 ? lasting(alert.limit_s, t) : '' },
    { label: t('alerts.told'), children: count(alert.told, language) },
    { label: t('alerts.mutedUntil'), children: alert.muted_until && <Moment at={alert.muted_until} /> },
    { label: t('alerts.closedAt'), children: alert.closed_at && <Moment at={alert.closed_at} /> },
    {
      label: t('alerts.useful'),
      children: alert.useful === null ? '' : t(alert.useful ? 'alerts.wasUseful' : 'alerts.wasUseless'),
    },
  ];
  return <Descriptions size="small" column={1} bordered items={rows.filter((row) => row.children)} />;
}

function Acts({ alert }: { alert: Alert }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const may = useMay('work');
  const act = useActOnAlerts();
  const people = useColleagues(useMay('tasks.work'));
  const [text, setText] = useState('');
  const [person, setPerson] = useState<string>();
  if (!may) return null;
  const send = (wish: Partial<Act> & Pick<Act, 'act'>) =>
    act.mutate({ ids: [alert.id], text: text.trim(), ...wish }, { onSuccess: () => setText('') });
  const isOpen = !alert.closed_at;
  const rated = isOpen ? 'resolve' : 'rate';
  return (
    <Space orientation="vertical" style={{ width: '100%', marginTop: 16 }}>
      {act.error && <Trouble error={act.error} />}
      <Input.TextArea
        rows={2}
        maxLength={2000}
        value={text}
        onChange={(event) => setText(event.target.value)}
        placeholder={t('alerts.textPlaceholder')}
        aria-label={t('alerts.acts.comment')}
      />
      <Space wrap>
        {isOpen && !alert.acknowledged_at && (
          <Button type="primary" onClick={() => send({ act: 'acknowledge' })} data-action="acknowledge">
            {t('alerts.acts.acknowledge')}
          </Button>
        )}
        <Button disabled={!text.trim()} onClick={() => send({ act: 'comment' })} data-action="comment">
          {t('alerts.acts.comment')}
        </Button>
        {isOpen && (
          <Dropdown
            menu={{
              items: [
                ...MUTES.map((seconds) => ({ key: String(seconds), label: lasting(seconds, t) })),
                ...(alert.muted_until ? [{ key: '0', label: t('alerts.unmute') }] : []),
              ],
              onClick: ({ key }) => send({ act: 'mute', mute_s: Number(key) }),
            }}
          >
            <Button>{t('alerts.acts.mute')}</Button>
          </Dropdown>
        )}
      </Space>
      {isOpen && (
        <Space.Compact>
          <Select
            showSearch
            aria-label={t('alerts.assignTo')}
            style={{ minWidth: 220 }}
            value={person}
            onChange={setPerson}
            loading={people.isPending}
            placeholder={t('alerts.assignTo')}
            options={(people.data ?? []).map((each) => ({ value: each.id, label: `${each.name[language]} (${each.id})` }))}
          />
          <Button disabled={!person} onClick={() => send({ act: 'assign', person: person ?? '' })}>
            {t('alerts.acts.assign')}
          </Button>
        </Space.Compact>
      )}
      {(isOpen || alert.useful === null) && (
        <Space wrap>
          <Typography.Text>{t(isOpen ? 'alerts.closeAs' : 'alerts.wasItUseful')}</Typography.Text>
          <Button onClick={() => send({ act: rated, useful: true })} data-action="useful">
            {t('alerts.wasUseful')}
          </Button>
          <Button onClick={() => send({ act: rated, useful: false })} data-action="useless">
            {t('alerts.wasUseless')}
          </Button>
          {isOpen && <Button onClick={() => send({ act: 'resolve' })}>{t('alerts.notSaid')}</Button>}
        </Space>
      )}
    </Space>
  );
}

function Notes({ detail }: { detail: AlertDetail }) {
  const { t } = useTranslation();
  if (detail.notes.length === 0) return null;
  return (
    <Timeline
      style={{ marginTop: 24 }}
      items={detail.notes.map((note) => ({
        content: (
          <>
            <Space size={8} wrap>
              <strong>{note.by || t('product.name')}</strong>
              {t(`alerts.noted.${note.act as (typeof NOTED)[number]}`)}
              <Typography.Text type="secondary">
                <Moment at={note.at} />
              </Typography.Text>
            </Space>
            {note.text && <div>{note.text}</div>}
          </>
        ),
      }))}
    />
  );
}
