// Says which world this is; a simulated one also how fast its time goes.
import { useTranslation } from 'react-i18next';

import type { Session } from '../api/session';

export function EnvironmentBadge({ session }: { session: Session }) {
  const { t } = useTranslation();
  const kind = session.environment;
  if (kind !== 'simulation' && kind !== 'test' && kind !== 'production') return null;
  const seconds = session.speed ? 86_400 / session.speed : 0;
  return (
    <span className={`environment ${kind}`}>
      {t(`environment.${kind}`)}
      {seconds > 0 && ` · ${t('environment.speed', { seconds: Number(seconds.toPrecision(3)) })}`}
    </span>
  );
}
