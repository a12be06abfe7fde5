import { useTranslation } from 'react-i18next';

import { PageHead } from '../../widgets/PageHead';

export function InstancePage() {
  const { t } = useTranslation();
  return <PageHead title={t('instances.title')} />;
}
