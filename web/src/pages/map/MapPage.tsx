import { useTranslation } from 'react-i18next';

import { PageHead } from '../../widgets/PageHead';

export function MapPage() {
  const { t } = useTranslation();
  return <PageHead title={t('map.title')} />;
}
