// The firm's key figures as tiles, coloured by their targets; each leads to its formula and its records.
import { useTranslation } from 'react-i18next';

import { type Kpi, useKpis } from '../../api/kpis';
import { useLanguage } from '../../i18n';
import { useMode } from '../../theme';
import { Trouble } from '../../widgets/Trouble';
import { looksOf } from '../../widgets/states';
import { shownChange, shownTarget, shownValue, stateOf } from './kpiWords';

interface Props {
  chosen: string | undefined;
  choose: (name: string | undefined) => void;
}

export function Kpis({ chosen, choose }: Props) {
  const { t } = useTranslation();
  const kpis = useKpis();
  if (kpis.error) return <Trouble error={kpis.error} retry={() => void kpis.refetch()} />;
  if (!kpis.data?.length) return null;
  return (
    <section aria-labelledby="board-kpis">
      <h2 id="board-kpis">{t('board.kpis.title')}</h2>
      <div className="board-figures" data-ready="kpis">
        {kpis.data.map((each) => (
          <Tile key={each.name} kpi={each} pressed={each.name === chosen} press={() => choose(each.name)} />
        ))}
      </div>
    </section>
  );
}

function Tile({ kpi, pressed, press }: { kpi: Kpi; pressed: boolean; press: () => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { mode } = useMode();
  const look = looksOf(mode)[stateOf(kpi)];
  const target = shownTarget(kpi, language);
  const change = shownChange(kpi.change);
  return (
    <button
      type="button"
      className="board-figure is-kpi"
      style={{ color: look.ink, background: look.paper, borderColor: pressed ? look.line : `${look.line}59` }}
      aria-pressed={pressed}
      data-kpi={kpi.name}
      data-met={String(kpi.met)}
      onClick={press}
    >
      <span className="name">
        {look.icon} {kpi.title[language]}
      </span>
      <span className="value number">{shownValue(kpi.value, kpi.unit, language)}</span>
      <span className="below number">
        {target && t(kpi.met === false ? 'board.kpis.missed' : 'board.kpis.target', { target })}
        {change && ` · ${t('board.kpis.change', { change })}`}
      </span>
    </button>
  );
}
