// Open orders by the stage in which they stand: the longer the bar, the more of them; what is late stands out.
import { useTranslation } from 'react-i18next';

import type { BoardStage } from '../../api/board';
import { useLanguage } from '../../i18n';
import { useMode } from '../../theme';
import { looksOf } from '../../widgets/states';
import { count } from '../../widgets/time';
import type { Chosen } from './BoardPage';
import { sums } from './worth';

interface Props {
  stages: BoardStage[];
  chosen: Chosen | undefined;
  choose: (chosen: Chosen | undefined) => void;
}

export function Stages({ stages, chosen, choose }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { mode } = useMode();
  const looks = looksOf(mode);
  const most = Math.max(1, ...stages.map((stage) => stage.orders));
  const part = (orders: number) => `${(100 * orders) / most}%`;
  return (
    <section className="board-stages" aria-label={t('board.stages')}>
      <h2>{t('board.stages')}</h2>
      {stages.map((stage) => {
        const here = chosen?.stage === stage.name;
        return (
          <button
            type="button"
            key={stage.name}
            className="board-stage"
            aria-pressed={here}
            data-stage={stage.name}
            onClick={() => choose(here ? undefined : { figure: 'open', stage: stage.name })}
          >
            <span className="title">
              {stage.title[language]}
              <small>{stage.holder[language]}</small>
            </span>
            <span className="bar" aria-hidden>
              <span style={{ width: part(stage.orders - stage.late), background: looks.active.line }} />
              <span style={{ width: part(stage.late), background: looks.failed.line }} />
            </span>
            <span className="number">
              {t('board.openHere', { shown: count(stage.orders, language) })}
              {stage.late > 0 && (
                <em style={{ color: looks.failed.ink }}>{t('board.lateHere', { shown: count(stage.late, language) })}</em>
              )}
            </span>
            <span className="number worth">{sums(stage.worth, language)}</span>
          </button>
        );
      })}
    </section>
  );
}
