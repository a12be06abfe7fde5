// The form of a rule: its thresholds, who hears of it by which channels, how often, and to whom it climbs.
import { Button, Col, Drawer, Form, Input, InputNumber, Row, Select, Space, Switch, Timeline, Typography } from 'antd';
import { useTranslation } from 'react-i18next';

import { type AlertRule, type AlertRules, usePutRule, useRuleVersions } from '../../api/alerts';
import { useColleagues } from '../../api/inbox';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { type Field, definitionOf, FIELDS, idOf, type RuleWish, wishOf } from './definition';
import { type Kind, SEVERITIES } from './words';

interface Props {
  rule?: AlertRule;
  channels: AlertRules['channels'];
  close: () => void;
}

const NUMBERS: readonly Field[] = ['limit', 'limitMinutes', 'olderMinutes', 'withinMinutes'];
const REQUIRED: readonly Field[] = ['name', 'process', 'operation', 'after', 'expected', 'limit'];

export function RuleForm({ rule, channels, close }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const [form] = Form.useForm<RuleWish>();
  const put = usePutRule();
  const colleagues = useColleagues(useMay('tasks.work'));
  const kind = Form.useWatch('kind', form) ?? rule?.kind ?? 'order';
  const before = rule?.definition ?? {};
  const people = (colleagues.data ?? []).map((each) => ({ value: each.id, label: `${each.name[language]} (${each.id})` }));
  const save = (given: Partial<RuleWish>) => {
    const wish: RuleWish = { ...wishOf(kind, before), ...given };
    put.mutate(
      { rule: rule?.id ?? idOf(wish), definition: definitionOf(wish, before), version: rule?.version ?? 0 },
      { onSuccess: close },
    );
  };
  return (
    <Drawer
      open
      size={680}
      onClose={close}
      title={rule ? rule.title[language] : t('alerts.form.make')}
      extra={
        <Button type="primary" loading={put.isPending} onClick={() => form.submit()} data-action="save-rule">
          {t('alerts.form.save')}
        </Button>
      }
    >
      {put.error && <Trouble error={put.error} />}
      <Form<RuleWish>
        form={form}
        layout="vertical"
        initialValues={wishOf(rule?.kind ?? 'order', before)}
        onFinish={save}
        data-ready="rule-form"
      >
        <Form.Item name="kind" label={t('alerts.kind')}>
          <Select
            disabled={rule !== undefined}
            options={Object.keys(FIELDS).map((each) => ({ value: each, label: t(`alerts.kinds.${each as Kind}`) }))}
          />
        </Form.Item>
        <Row gutter={16}>
          {(FIELDS[kind] ?? []).map((field) => (
            <Col key={field} span={12}>
              <One field={field} fixed={rule !== undefined && isName(kind, field)} />
            </Col>
          ))}
          <Col span={12}>
            <One field="ownerZh" />
          </Col>
          <Col span={12}>
            <One field="ownerEn" />
          </Col>
        </Row>
        <Typography.Title level={5}>{t('alerts.form.telling')}</Typography.Title>
        <Row gutter={16}>
          <Col span={12}>
            <Form.Item name="severity" label={t('alerts.severity')}>
              <Select options={SEVERITIES.map((each) => ({ value: each, label: t(`alerts.severities.${each}`) }))} />
            </Form.Item>
          </Col>
          <Col span={12}>
            <Form.Item name="enabled" label={t('alerts.form.enabled')} valuePropName="checked">
              <Switch />
            </Form.Item>
          </Col>
          <Col span={12}>
            <Form.Item name="to" label={t('alerts.form.to')} extra={t('alerts.form.toHint')}>
              <Select mode="tags" options={people} tokenSeparators={[',', ' ']} />
            </Form.Item>
          </Col>
          <Col span={12}>
            <Form.Item name="channels" label={t('alerts.form.channels')}>
              <Select
                mode="multiple"
                options={channels.map((each) => ({ value: each.name, label: each.title[language] }))}
              />
            </Form.Item>
          </Col>
          {(['quietMinutes', 'remindMinutes', 'remindMost', 'escalateMinutes'] as const).map((field) => (
            <Col key={field} span={12}>
              <Form.Item name={field} label={t(`alerts.form.fields.${field}`)}>
                <InputNumber
                  min={field === 'remindMinutes' ? 1 : 0}
                  style={{ width: '100%' }}
                  {...(field === 'remindMost' ? {} : { suffix: t('alerts.form.minutes') })}
                />
              </Form.Item>
            </Col>
          ))}
          <Col span={24}>
            <Form.Item
              name="escalateTo"
              label={t('alerts.form.fields.escalateTo')}
              dependencies={['escalateMinutes']}
              rules={[
                ({ getFieldValue }) => ({
                  validator: (_, value: string[] | undefined) =>
                    getFieldValue('escalateMinutes') === null || (value?.length ?? 0) > 0
                      ? Promise.resolve()
                      : Promise.reject(new Error(t('alerts.form.missing'))),
                }),
              ]}
            >
              <Select mode="tags" options={people} tokenSeparators={[',', ' ']} />
            </Form.Item>
          </Col>
        </Row>
      </Form>
      {rule && rule.version > 0 && <Versions rule={rule.id} />}
    </Drawer>
  );
}

/** What a rule is called among others cannot be changed any more. */
function isName(kind: string, field: Field): boolean {
  return kind === 'stuck' ? field === 'process' || field === 'element' : field === 'name';
}

function One({ field, fixed = false }: { field: Field; fixed?: boolean }) {
  const { t } = useTranslation();
  const label = t(`alerts.form.fields.${field as Named}`);
  const rules = REQUIRED.includes(field) ? [{ required: true, message: t('alerts.form.missing') }] : [];
  if (field === 'evidence')
    return (
      <Form.Item name={field} label={label}>
        <Select
          options={(['event', 'effect', 'document'] as const).map((each) => ({
            value: each,
            label: t(`alerts.form.evidence.${each}`),
          }))}
        />
      </Form.Item>
    );
  if (field === 'expected')
    return (
      <Form.Item name={field} label={label} rules={rules}>
        <Select mode="tags" open={false} tokenSeparators={[',', ' ']} />
      </Form.Item>
    );
  if (NUMBERS.includes(field))
    return (
      <Form.Item name={field} label={label} rules={rules}>
        <InputNumber
          min={0}
          style={{ width: '100%' }}
          {...(field === 'limit' ? {} : { suffix: t('alerts.form.minutes') })}
        />
      </Form.Item>
    );
  return (
    <Form.Item name={field} label={label} rules={rules}>
      <Input disabled={fixed} />
    </Form.Item>
  );
}

type Named = 'name' | 'zh' | 'en' | 'after' | 'when';

function Versions({ rule }: { rule: string }) {
  const { t } = useTranslation();
  const versions = useRuleVersions(rule);
  if (!versions.data?.length) return null;
  return (
    <>
      <Typography.Title level={5}>{t('alerts.form.versions')}</Typography.Title>
      <Timeline
        items={versions.data.map((each) => ({
          content: (
            <Space wrap>
              {t('alerts.form.version', { version: each.version })}
              <strong>{each.by}</strong>
              <Moment at={each.at} />
              {each.definition === null && t('alerts.form.wasReset')}
            </Space>
          ),
        }))}
      />
    </>
  );
}
