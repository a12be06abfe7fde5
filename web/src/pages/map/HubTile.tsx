// The hub itself: what runs in it and what waits for people.
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { useOverview } from '../../api/overview';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { count } from '../../widgets/time';

export function HubTile() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { data } = useOverview();
  const operates = useMay('operate');
  const figures = [
    { word: t('map.running'), value: data?.counts.active, to: '/instances' },
    { word: t('map.toRoute'), value: data?.events_to_route },
    { word: t('map.waiting'), value: data?.waiting },
    { word: t('map.incidents'), value: data?.counts.incidents, to: '/instances?incidents=1', bad: true },
    { word: t('map.dead'), value: data?.dead, to: operates ? '/dead-letters' : undefined, bad: true },
    { word: t('map.unknown'), value: data?.unknown, to: operates ? '/unknown' : undefined, bad: true },
    { word: t('map.parked'), value: data?.parked, to: operates ? '/unknown?tab=parked' : undefined, bad: true },
  ];
  return (
    <section className="hub" aria-label={t('map.hub')}>
      <header>
        <img src="/icon.svg" alt="" width={30} height={30} />
        <strong>{t('map.hub')}</strong>
      </header>
      <dl>
        {figures.map(({ word, value, to, bad }) => {
          const figure = value === undefined ? '–' : count(value, language);
          return (
            <div key={word} className={bad && value ? 'bad' : undefined}>
              <dt>{word}</dt>
              <dd className="number">{to && value ? <Link to={to}>{figure}</Link> : figure}</dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
