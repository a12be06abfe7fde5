// What an import would change and what it lacks here; then, knowingly, the import.
import { Alert, Button, Card, Checkbox, Input, Skeleton, Space } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type ReleaseExport, useCompare, useImport } from '../../api/admin';
import { Trouble } from '../../widgets/Trouble';
import { Changes } from './Changes';

export function ImportPanel({ release, close }: { release: ReleaseExport; close: () => void }) {
  const { t } = useTranslation();
  const compare = useCompare();
  const take = useImport();
  const [note, setNote] = useState('');
  const [accepted, setAccepted] = useState(false);
  const { mutate } = compare;
  useEffect(() => mutate(release), [mutate, release]);
  const seen = compare.data;
  const done = take.data;
  const lacks = (seen?.missing.length ?? 0) > 0;
  return (
    <Card
      size="small"
      title={t('releases.comparison')}
      extra={
        <Button size="small" onClick={close}>
          {t('common.close')}
        </Button>
      }
      style={{ marginBottom: 16 }}
      data-ready={done ? 'imported' : seen ? 'comparison' : undefined}
    >
      {compare.isPending && <Skeleton active paragraph={{ rows: 3 }} />}
      {compare.error && <Trouble error={compare.error} />}
      {take.error && <Trouble error={take.error} />}
      {done && (
        <Alert
          type="success"
          showIcon
          title={done.status === 'proposed' ? t('releases.proposed') : t('releases.imported')}
        />
      )}
      {seen && !done && (
        <Space orientation="vertical" style={{ width: '100%' }} size={12}>
          <Changes of={seen} />
          {lacks && (
            <Checkbox checked={accepted} onChange={(event) => setAccepted(event.target.checked)}>
              {t('releases.accept')}
            </Checkbox>
          )}
          {seen.two_persons && <Alert type="info" showIcon title={t('releases.twoPersons')} />}
          <Space>
            <Input
              value={note}
              maxLength={200}
              placeholder={t('releases.note')}
              aria-label={t('releases.note')}
              onChange={(event) => setNote(event.target.value)}
              style={{ width: 360 }}
            />
            <Button
              type="primary"
              disabled={lacks && !accepted}
              loading={take.isPending}
              data-action="take"
              onClick={() =>
                take.mutate({ export: release, active: seen.active, note: note.trim(), accept_missing: accepted })
              }
            >
              {seen.two_persons ? t('releases.propose') : t('releases.take')}
            </Button>
          </Space>
        </Space>
      )}
    </Card>
  );
}
