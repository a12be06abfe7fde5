// One look for everything that could not be read: what, why, the number to quote, and the way on.
import { Alert, Button, Result, Space, Typography } from 'antd';
import { useTranslation } from 'react-i18next';

import { ApiError } from '../api/client';

export function Trouble({ error, retry }: { error: Error; retry?: () => void }) {
  const { t } = useTranslation();
  const known = error instanceof ApiError ? error : undefined;
  if (known?.status === 403) {
    return (
      <Result
        status="403"
        icon={null}
        title={t('trouble.noRight')}
        subTitle={known.message || t('trouble.noRightWhy')}
        data-ready="no-right"
      />
    );
  }
  const away = !known || known.isAway;
  return (
    <Alert
      type="error"
      showIcon
      title={t(`trouble.${away ? 'unreachable' : what(known.status)}`)}
      description={
        <Space orientation="vertical" size={2}>
          <span>{away ? t('trouble.unreachableWhy') : known.message}</span>
          {known?.hint && <span>{known.hint}</span>}
          {known?.requestId && (
            <Typography.Text copyable={{ text: known.requestId }} className="request-id">
              {t('common.requestId')} {known.requestId.slice(-12)}
            </Typography.Text>
          )}
        </Space>
      }
      action={retry && <Button onClick={retry}>{t('common.retry')}</Button>}
      data-ready="trouble"
    />
  );
}

/** A "no" is an answer: only where the hub itself is at fault it could not answer. */
function what(status: number): 'notFound' | 'refused' | 'failed' {
  if (status === 404) return 'notFound';
  return status >= 400 && status < 500 ? 'refused' : 'failed';
}
