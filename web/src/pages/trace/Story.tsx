// What happened, newest first.
import { useTranslation } from 'react-i18next';

import type { Trail } from '../../api/trace';
import { useLanguage } from '../../i18n';
import { useMode } from '../../theme';
import { useNames } from '../../widgets/names';
import { looksOf } from '../../widgets/states';
import { Moment } from '../../widgets/time';
import { stateOf } from './states';

export function Story({ story }: { story: Trail['story'] }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { mode } = useMode();
  const names = useNames();
  const looks = looksOf(mode);
  if (story.length === 0) return null;
  return (
    <section className="panel">
      <h2 className="panel-title">{t('trace.story')}</h2>
      <ol className="story" data-ready="story">
        {[...story].reverse().map((chapter, place) => {
          const state = stateOf(chapter.tone);
          return (
            <li key={`${chapter.at}-${place}`} className={`chapter chapter-${chapter.tone}`}>
              <span className="chapter-mark" style={{ color: looks[state].line }} role="img" aria-label={t(`state.${state}`)}>
                {looks[state].icon}
              </span>
              <span className="soft chapter-at">
                <Moment at={chapter.at} />
              </span>
              <div>
                {chapter.system && chapter.system !== 'hub' && <span className="card-system">{names.mark(chapter.system)}</span>}{' '}
                {chapter.text[language]} {chapter.number && <span className="mono">{chapter.number}</span>}
                {chapter.attempts > 1 && <span className="soft"> · {t('trace.attempts', { count: chapter.attempts })}</span>}
                {chapter.detail && <div className="chapter-detail">{chapter.detail[language]}</div>}
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
