import { useTranslation } from 'react-i18next';

import { PageHead } from '../../widgets/PageHead';

export function UnknownPage() {
  const { t } = useTranslation();
  return <PageHead title={t('unknown.title')} />;
}
