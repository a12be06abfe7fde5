// Answers first: which systems run, and what waits because one does not.
import { useTranslation } from 'react-i18next';

import { type System, useSystems } from '../../api/systems';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { count } from '../../widgets/time';
import { Attention } from './Attention';
import { SystemMap } from './SystemMap';
import './map.css';

export function MapPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const systems = useSystems();
  const all = systems.data ?? [];
  const down = all.filter((system) => system.state === 'down').length;
  const paused = all.filter((system) => system.state === 'paused').length;
  const said = [
    t('map.summary', { count: all.length }),
    ...(down ? [t('map.summaryDown', { count: down })] : []),
    ...(paused ? [t('map.summaryPaused', { count: paused })] : []),
    ...(!down && !paused && all.every((system) => system.state === 'ok') ? [t('map.allWell')] : []),
  ];
  const waiting = all.reduce((sum, system) => sum + system.waiting, 0);
  return (
    <>
      <PageHead
        title={t('map.title')}
        about={
          all.length > 0 && (
            <span role="status" data-waiting={waiting}>
              {said.join(' · ')}
              {waiting > 0 && ` · ${t('map.waiting')} ${count(waiting, language)}`}
            </span>
          )
        }
      />
      <Listing query={systems} isEmpty={(data) => data.length === 0} empty={t('map.empty')} rows={10}>
        {(data) => <SystemMap systems={inOrder(data)} />}
      </Listing>
      <Attention />
    </>
  );
}

/** The firm's systems first; what only carries the hub's own alert mails stands last. */
function inOrder(systems: System[]): System[] {
  return [...systems].sort((one, other) => Number(one.name === 'alerts') - Number(other.name === 'alerts'));
}
