// What is sent, to be read and corrected; the text keeps every digit. The check is the hub's own.
import { CheckOutlined, EditOutlined, UndoOutlined } from '@ant-design/icons';
import { Alert, Button, Input, Segmented, Space, Tag, Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type DeadLetterDetail, useCheckPayload } from '../../api/deadLetters';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';
import { badLine, linesChanged } from './lines';

interface Props {
  detail: DeadLetterDetail;
  /** What a person has written; undefined while nothing is edited. */
  text: string | undefined;
  change: (text: string | undefined) => void;
}

const TYPES = ['string', 'number', 'boolean', 'list', 'context', 'date'] as const;

export function Payload({ detail, text, change }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const may = useMay('letters.repair');
  const check = useCheckPayload();
  const [side, setSide] = useState<'original' | 'corrected'>('corrected');
  const editing = text !== undefined;
  const bad = editing ? badLine(text) : undefined;
  const changed = editing ? linesChanged(detail.payload_text, text) : 0;
  const original = !editing || side === 'original';
  return (
    <section className="payload">
      <div className="bar">
        <h3>{t('deadLetters.payload')}</h3>
        {editing && (
          <Segmented<'original' | 'corrected'>
            size="small"
            value={side}
            onChange={setSide}
            options={[
              { value: 'corrected', label: t('deadLetters.payloadCorrected') },
              { value: 'original', label: t('deadLetters.payloadOriginal') },
            ]}
          />
        )}
        <span className="gap" />
        {editing && changed > 0 && <Tag>{t('deadLetters.changed', { count: changed })}</Tag>}
        {detail.letter.status === 'open' && !editing && (
          <Tooltip title={may ? undefined : t('common.rightMissing')}>
            <Button size="small" icon={<EditOutlined />} disabled={!may} onClick={() => change(detail.payload_text)}>
              {t('deadLetters.edit')}
            </Button>
          </Tooltip>
        )}
        {editing && (
          <Space size={4}>
            <Button
              size="small"
              icon={<CheckOutlined />}
              disabled={bad !== undefined}
              loading={check.isPending}
              onClick={() => check.mutate({ id: detail.letter.id, payload: text })}
            >
              {t('deadLetters.check')}
            </Button>
            <Button
              size="small"
              icon={<UndoOutlined />}
              onClick={() => {
                check.reset();
                change(undefined);
              }}
            >
              {t('deadLetters.reset')}
            </Button>
          </Space>
        )}
      </div>
      {original ? (
        <pre tabIndex={0} aria-label={t('deadLetters.payloadOriginal')}>
          {detail.payload_text}
        </pre>
      ) : (
        <Input.TextArea
          className="mono"
          aria-label={t('deadLetters.payloadCorrected')}
          value={text}
          spellCheck={false}
          autoSize={{ minRows: 8, maxRows: 24 }}
          {...(bad === undefined ? {} : { status: 'error' as const })}
          onChange={(event) => {
            check.reset();
            change(event.target.value);
          }}
        />
      )}
      {bad !== undefined && <Alert type="error" showIcon title={t('deadLetters.jsonBad', { line: bad })} />}
      {check.error && <Trouble error={check.error} />}
      {check.data?.length === 0 && <Alert type="success" showIcon title={t('deadLetters.checkOk')} />}
      {check.data?.map((finding) => <Alert key={finding.path} type="warning" showIcon title={finding.message} />)}
      {detail.fields.length > 0 && (
        <p className="fields">
          {t('deadLetters.fields')}:{' '}
          {detail.fields.map((field) => {
            const known = TYPES.find((each) => each === field.type);
            return (
              <Tag key={field.name}>
                <code>{field.name}</code> {field.title?.[language]} {known ? t(`deadLetters.types.${known}`) : field.type}
                {field.required && ` · ${t('deadLetters.required')}`}
              </Tag>
            );
          })}
        </p>
      )}
    </section>
  );
}
