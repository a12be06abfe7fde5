// How urgent an alert is, in the colours of the states.
import { useTranslation } from 'react-i18next';

import { StateTag } from '../../widgets/StateTag';
import type { State } from '../../widgets/states';
import { type Severity, severityOf } from './words';

const LOOKS: Record<Severity, State> = { info: 'waiting', warning: 'retrying', critical: 'failed' };

export function SeverityTag({ of }: { of: { severity: string } }) {
  const { t } = useTranslation();
  const severity = severityOf(of);
  return <StateTag state={LOOKS[severity]}>{t(`alerts.severities.${severity}`)}</StateTag>;
}
