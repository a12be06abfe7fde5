import { useTranslation } from 'react-i18next';

import { PageHead } from '../../widgets/PageHead';

export function DeadLettersPage() {
  const { t } = useTranslation();
  return <PageHead title={t('deadLetters.title')} />;
}
