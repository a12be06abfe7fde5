// Somebody else has saved the same draft meanwhile: told, and nothing of either is lost.
import { Alert, Button, Space } from 'antd';
import { useTranslation } from 'react-i18next';

import { moment } from '../../widgets/time';
import { useLanguage } from '../../i18n';
import { download, type useDraft } from './useDraft';

interface Props {
  work: ReturnType<typeof useDraft>;
  path: string;
  onTheirs: () => void;
}

export function ConflictAlert({ work, path, onTheirs }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const name = path.replace(/^.*\//, '');
  const theirs = work.theirs?.draft;
  return (
    <Alert
      type="warning"
      showIcon
      data-ready="conflict"
      title={
        theirs
          ? t('design.conflict', { by: theirs.changed_by, time: moment(theirs.changed_at, language) })
          : t('design.conflictGone')
      }
      description={t('design.conflictAbout')}
      action={
        <Space orientation="vertical">
          <Button size="small" onClick={() => download(`mine-${name}`, work.text)}>
            {t('design.downloadMine')}
          </Button>
          {work.theirs && (
            <Button size="small" onClick={onTheirs} data-action="theirs">
              {t('design.takeTheirs')}
            </Button>
          )}
          <Button size="small" danger onClick={() => void work.keepMine()} data-action="mine">
            {t('design.keepMine')}
          </Button>
        </Space>
      }
    />
  );
}
