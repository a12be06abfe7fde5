// The steps of a connection's test: what was tried, whether it went well, what came.
import { CheckCircleFilled, CloseCircleFilled } from '@ant-design/icons';

import type { CheckStep } from '../api/systems';
import { useLanguage } from '../i18n';
import { useMode } from '../theme';
import { looksOf } from './states';

export function CheckSteps({ steps }: { steps: CheckStep[] }) {
  const { language } = useLanguage();
  const { mode } = useMode();
  const looks = looksOf(mode);
  return (
    <ol className="check-steps" aria-live="polite">
      {steps.map((step) => (
        <li key={step.name.en} data-ok={step.ok ? 'yes' : 'no'}>
          <span style={{ color: looks[step.ok ? 'done' : 'failed'].line }} aria-hidden>
            {step.ok ? <CheckCircleFilled /> : <CloseCircleFilled />}
          </span>
          <strong>{step.name[language]}</strong>
          <span>{step.detail[language]}</span>
        </li>
      ))}
    </ol>
  );
}
