import { useTranslation } from 'react-i18next';

import { PageHead } from '../../widgets/PageHead';

export function TracePage() {
  const { t } = useTranslation();
  return <PageHead title={t('trace.title')} />;
}
