// A draft becomes a release: with a note, and where two persons are asked for, as a proposal.
import { Alert, Input, Modal } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Draft, usePublish } from '../../api/design';
import { Trouble } from '../../widgets/Trouble';

interface Props {
  draft: Draft;
  active: string | null;
  twoPersons: boolean;
  errors: number;
  close: () => void;
  onDone: (status: string) => void;
}

export function PublishDialog({ draft, active, twoPersons, errors, close, onDone }: Props) {
  const { t } = useTranslation();
  const publish = usePublish();
  const [note, setNote] = useState('');
  return (
    <Modal
      open
      title={t('design.publishTitle', { path: draft.path })}
      okText={t(twoPersons ? 'design.propose' : 'design.publish')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: publish.isPending, disabled: errors > 0 || note.trim() === '' }}
      onCancel={close}
      onOk={() =>
        publish.mutate(
          { drafts: { [draft.path]: draft.etag }, active, note: note.trim() },
          { onSuccess: (made) => onDone(made.status) },
        )
      }
    >
      {errors > 0 && <Alert type="error" showIcon title={t('design.publishErrors', { count: errors })} />}
      {twoPersons && <Alert type="info" showIcon title={t('design.twoPersons')} />}
      {publish.error && <Trouble error={publish.error} />}
      <p>{t('design.publishAbout')}</p>
      <label htmlFor="publish-note">{t('design.note')}</label>
      <Input.TextArea
        id="publish-note"
        rows={3}
        maxLength={500}
        value={note}
        onChange={({ target }) => setNote(target.value)}
        placeholder={t('design.notePlaceholder')}
        autoFocus
      />
    </Modal>
  );
}
