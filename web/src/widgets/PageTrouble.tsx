// What stands in place of a page that failed.
import { Button, Result } from 'antd';
import { useTranslation } from 'react-i18next';

export function PageTrouble() {
  const { t } = useTranslation();
  return (
    <Result
      status="warning"
      title={t('trouble.page')}
      subTitle={t('trouble.pageWhy')}
      extra={
        <Button type="primary" onClick={() => location.reload()}>
          {t('common.retry')}
        </Button>
      }
      data-ready="page-trouble"
    />
  );
}
