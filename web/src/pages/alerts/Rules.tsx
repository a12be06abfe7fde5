// The rules of alerts as they hold now: changed, muted, made anew, put back.
import { Button, Dropdown, Popconfirm, Space, Table, Tag, Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type AlertRule, useAlertRules, useMuteRule, useResetRule } from '../../api/alerts';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { StateTag } from '../../widgets/StateTag';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { limitsOf } from './definition';
import { RuleForm } from './RuleForm';
import { SeverityTag } from './SeverityTag';
import { kindOf, lasting, MUTES } from './words';

export function Rules() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const rules = useAlertRules();
  const mute = useMuteRule();
  const reset = useResetRule();
  const may = useMay('operate');
  const [editing, setEditing] = useState<AlertRule | 'new'>();
  const trouble = mute.error ?? reset.error;
  return (
    <>
      {may && (
        <Button type="primary" style={{ marginBottom: 12 }} onClick={() => setEditing('new')} data-action="make-rule">
          {t('alerts.form.make')}
        </Button>
      )}
      {trouble && <Trouble error={trouble} />}
      <Listing query={rules} isEmpty={(page) => page.items.length === 0} empty={t('alerts.form.none')}>
        {(page) => (
          <Table<AlertRule>
            rowKey="id"
            size="small"
            pagination={false}
            dataSource={page.items}
            data-ready="alert-rules"
            scroll={{ x: 'max-content' }}
            columns={[
              { title: t('alerts.kind'), render: (_, each) => t(`alerts.kinds.${kindOf(each)}`) },
              {
                title: t('alerts.what'),
                render: (_, each) => (
                  <Space size={4}>
                    {each.title[language]}
                    {!each.enabled && <Tag>{t('alerts.form.off')}</Tag>}
                    {each.muted_until && new Date(each.muted_until) > new Date() && (
                      <StateTag state="paused">
                        {t('alerts.mutedUntil')} <Moment at={each.muted_until} />
                      </StateTag>
                    )}
                  </Space>
                ),
              },
              { title: t('alerts.severity'), render: (_, each) => <SeverityTag of={each} /> },
              {
                title: t('alerts.form.threshold'),
                render: (_, each) =>
                  [
                    ...(each.definition['due'] ? [t('alerts.form.dueDate')] : []),
                    ...(each.kind === 'sync' && !each.definition['limit'] ? ['≥ 1'] : []),
                    ...limitsOf(each.definition).map((limit) =>
                      limit.unit === 's' ? lasting(limit.value, t) : `≥ ${limit.value}`,
                    ),
                    ...(each.definition['factor']
                      ? [t('alerts.form.factor', { factor: String(each.definition['factor']) })]
                      : []),
                  ].join(' · '),
              },
              { title: t('alerts.owner'), render: (_, each) => each.owner[language] },
              { title: t('alerts.form.to'), render: (_, each) => each.told.map((name) => name[language]).join(', ') || t('alerts.form.usual') },
              {
                title: t('alerts.form.channels'),
                render: (_, each) =>
                  each.channels.map((name) => (
                    <Tag key={name}>{page.channels.find((one) => one.name === name)?.title[language] ?? name}</Tag>
                  )),
              },
              {
                title: t('alerts.form.changed'),
                render: (_, each) =>
                  each.changed_at && (
                    <Tooltip title={each.changed_by}>
                      <span>
                        <Moment at={each.changed_at} />
                      </span>
                    </Tooltip>
                  ),
              },
              {
                align: 'right',
                render: (_, each) =>
                  may && (
                    <Space>
                      <Button size="small" onClick={() => setEditing(each)} data-action="edit-rule">
                        {t('alerts.form.edit')}
                      </Button>
                      <Dropdown
                        menu={{
                          items: [
                            ...MUTES.map((seconds) => ({ key: String(seconds), label: lasting(seconds, t) })),
                            { key: '0', label: t('alerts.unmute') },
                          ],
                          onClick: ({ key }) => mute.mutate({ rule: each.id, mute_s: Number(key) }),
                        }}
                      >
                        <Button size="small">{t('alerts.acts.mute')}</Button>
                      </Dropdown>
                      {each.version > 0 && (
                        <Popconfirm
                          title={t(each.shipped ? 'alerts.form.resetSure' : 'alerts.form.removeSure')}
                          okText={t('common.confirm')}
                          cancelText={t('common.cancel')}
                          onConfirm={() => reset.mutate(each.id)}
                        >
                          <Button size="small" danger={!each.shipped}>
                            {t(each.shipped ? 'alerts.form.reset' : 'alerts.form.remove')}
                          </Button>
                        </Popconfirm>
                      )}
                    </Space>
                  ),
              },
            ]}
          />
        )}
      </Listing>
      {editing && rules.data && (
        <RuleForm
          {...(editing === 'new' ? {} : { rule: editing })}
          channels={rules.data.channels}
          close={() => setEditing(undefined)}
        />
      )}
    </>
  );
}
