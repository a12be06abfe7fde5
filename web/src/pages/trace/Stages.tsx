// The stages of an order: how far each is, since when, who has it.
import { useTranslation } from 'react-i18next';

import type { Trail } from '../../api/trace';
import { useLanguage } from '../../i18n';
import { useMode } from '../../theme';
import { StateTag } from '../../widgets/StateTag';
import { looksOf } from '../../widgets/states';
import { Moment } from '../../widgets/time';
import { stateOf } from './states';

type Stage = Trail['stages'][number];

export function Stages({ stages }: { stages: Stage[] }) {
  const { t } = useTranslation();
  const { mode } = useMode();
  const { language } = useLanguage();
  const looks = looksOf(mode);
  return (
    <ol className="stages" aria-label={t('trace.stages')} style={{ '--stages': stages.length } as React.CSSProperties}>
      {stages.map((stage, place) => {
        const state = stage.waiting && stage.state === 'pending' ? 'waiting' : stage.state;
        const part = stage.share !== null && stage.share < 1 && stage.state === 'active' ? Math.round(stage.share * 100) : null;
        return (
          <li key={stage.name} className={`stage stage-${state}`} data-stage={stage.name} data-state={stage.state}>
            <div className="stage-bar" style={{ background: looks[stateOf(state)].line }}>
              {part !== null && <i style={{ width: `${100 - part}%` }} />}
            </div>
            <div className="stage-head">
              <span className="stage-place number">{place + 1}</span>
              <strong>{stage.title[language]}</strong>
              <StateTag state={stateOf(state)}>
                {state === 'waiting' ? t('state.waiting') : t(`trace.stage.${stage.state as 'done'}`)}
                {part !== null && ` ${part}%`}
              </StateTag>
              {stage.late && <StateTag state="failed">{t('trace.late')}</StateTag>}
            </div>
            <div className="stage-foot soft">
              <span>{stage.holder[language]}</span>
              {(stage.done_at ?? stage.since) && <Moment at={(stage.done_at ?? stage.since) as string} />}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
