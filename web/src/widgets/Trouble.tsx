// One look for every list that could not be read: what, why, and the way on.
import { Alert, Button } from 'antd';
import { useTranslation } from 'react-i18next';

import { ApiError } from '../api/client';

export function Trouble({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useTranslation();
  const away = !(error instanceof ApiError) || error.status === 0 || error.status === 502 || error.status === 504;
  const why = away ? t('status.unreachableWhy') : error.message;
  return (
    <Alert
      type="error"
      showIcon
      title={away ? t('status.unreachable') : t('status.failed')}
      description={why}
      action={<Button onClick={retry}>{t('common.retry')}</Button>}
      data-ready="trouble"
    />
  );
}
